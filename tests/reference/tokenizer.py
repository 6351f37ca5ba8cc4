"""Golden ids of the tokenizer: a plain re-implementation of open_clip's SimpleTokenizer (clean='lower', ftfy first).

    /usr/bin/python3 tests/reference/tokenizer.py                  rewrites tests/golden/clip/tokenizer-small.*
    ... --train                     first trains tests/golden/clip/merges-small.txt on the captions and the strings below
    ... --merges FILE [--name NAME] golden ids with another merges file (CLIP's own, the demo model's): only ids are stored

Needs the modules `regex` and `ftfy` (open_clip needs them too) and numpy.
"""
import argparse
import collections
import glob
import gzip
import html
import json
import os

import ftfy
import numpy as np
import regex

import golden

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SMALL = os.path.join(golden.GOLDEN, "clip", "merges-small.txt")
SPECIALS = ["<start_of_text>", "<end_of_text>"]
WORDS = regex.compile("|".join(SPECIALS) + r"|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", regex.IGNORECASE)


def alphabet():
    """byte -> printable character, in the order of the ids"""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {b: chr(b) for b in visible}
    for b in range(256):
        if b not in table:
            table[b] = chr(256 + len(table) - len(visible))
    return table


ALPHABET = alphabet()


def clean(text):
    return " ".join(html.unescape(html.unescape(ftfy.fix_text(text))).split()).lower()


def read_merges(path, vocab=None):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", newline="\n") as file:
        lines = file.read().split("\n")[1:]
    if lines and lines[-1] == "":
        lines.pop()
    return [tuple(line.split()) for line in lines[: vocab - 514 if vocab else None]]


class Tokenizer:
    def __init__(self, merges):
        names = list(ALPHABET.values())
        names += [name + "</w>" for name in names] + ["".join(pair) for pair in merges] + SPECIALS
        self.id = {name: i for i, name in enumerate(names)}
        self.rank = {pair: i for i, pair in enumerate(merges)}
        self.vocab = len(names)

    def merge(self, word):
        if word in SPECIALS:
            return [word]
        parts = list(word[:-1]) + [word[-1] + "</w>"]
        while len(parts) > 1:
            best = min(zip(parts, parts[1:]), key=lambda pair: self.rank.get(pair, 1 << 30))
            if best not in self.rank:
                break
            joined, i = [], 0
            while i < len(parts):
                if tuple(parts[i : i + 2]) == best:
                    joined.append(parts[i] + parts[i + 1])
                    i += 2
                else:
                    joined.append(parts[i])
                    i += 1
            parts = joined
        return parts

    def pieces(self, text):
        ids = []
        for word in WORDS.findall(clean(text)):
            ids += [self.id[part] for part in self.merge("".join(ALPHABET[b] for b in word.encode("utf-8")))]
        return ids

    def encode(self, text, context=77):
        ids = ([self.vocab - 2] + self.pieces(text) + [self.vocab - 1])[:context]
        ids[-1] = self.vocab - 1
        return ids


def train(texts, count):
    """Ordinary BPE training; ties go to the pair that sorts first."""
    words = collections.Counter()
    for text in texts:
        for word in WORDS.findall(clean(text)):
            spelled = "".join(ALPHABET[b] for b in word.encode("utf-8"))
            words[tuple(spelled[:-1]) + (spelled[-1] + "</w>",)] += 1
    merges = []
    while len(merges) < count:
        pairs = collections.Counter()
        for parts, times in words.items():
            for pair in zip(parts, parts[1:]):
                pairs[pair] += times
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        if pairs[best] < 2:
            break
        merges.append(best)
        renewed = collections.Counter()
        for parts, times in words.items():
            joined, i = [], 0
            while i < len(parts):
                if parts[i : i + 2] == best:
                    joined.append(parts[i] + parts[i + 1])
                    i += 2
                else:
                    joined.append(parts[i])
                    i += 1
            renewed[tuple(joined)] += times
        words = renewed
    return merges


def captions():
    texts = []
    for path in sorted(glob.glob(os.path.join(ROOT, "datasets", "mfsc", "*", "*.json"))):
        with open(path, encoding="utf-8") as file:
            caption = json.load(file)
        texts += [caption["image"]["summary"], caption["foreground"]["relation"], caption["image"]["background"] + " background"]
        texts += [component["caption"] for component in caption["components"]]
        states = [state if isinstance(state, str) else state["state"] for state in caption["abnormal_states"]]
        texts += [state.replace("{}", caption["image"]["foreground"]) for state in states]
    return list(dict.fromkeys(texts))


AWKWARD = [
    "", " ", "\t\n  \r\x0b\x0c", "a", "A", "0", "-", ".", "'", "\"", "&", "<", ">", "</w>", "</w></w>", "a</w>", "a</w>b", "</W>", "< /w>",
    "the</w> end</w>", "Ġ", "Ā", "ĠthĠe", "Ń", "\x7f", "\u00ad", "soft\u00adhyphen", "\x01\x02", "\x1c\x1d\x1e\x1f", "a\x1cb", "a\x85b",
    "a photo of a fox", "A Photo  Of\tA FOX!", "a photo of a fox.", "a-photo-of-a-fox", "a_photo_of_a_fox", "aphotoofafox",
    "it's", "It'S", "don't", "we're", "they've", "i'm", "she'll", "he'd", "'s", "'S't'RE've'M'll'D", "o'clock", "rock'n'roll", "''s", "'sd",
    "it\u2019s", "'\u017f", "it'\u017f", "'l", "'re'", "y'all'd've", "can't've", "''", "'''", "'tis", "'twas", "students' desks",
    "12345", "3.14159", "1,000,000", "x2y", "2x", "ipv6", "\u00bd cup", "\u00b2\u00b3", "\u2160\u2161\u2162", "\u0661\u0662\u0663", "\u3007", "\u2460\u2461", "10-mm bolt", "no. 7", "240x240",
    "caf\u00e9", "cafe\u0301", "CAF\u00c9", "na\u00efve", "\u00c5ngstr\u00f6m", "\u00fcber", "\u00dcBER", "stra\u00dfe", "STRASSE", "\u1e9e", "\u0130stanbul", "\u0131\u0130iI", "a\u0345b \u0345", "\u01c5", "\u01c4ungla", "\u0149", "\ufb01ne", "\ufb05",
    "\u03a3", "\u03a3\u03a3\u03a3", "\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3", "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03a3", "A\u03a3", "A\u03a3B", "A\u03a3.", "A.\u03a3", "A\u03a3\u0301", "\u03a3A", "1\u03a3", "A\u00ad\u03a3", "A\u03a3'B", "A\u03a3 B", "\u02b0\u03a3", "A\u02b0\u03a3", "A\u03a3\u02b0b",
    "\u0416\u0438\u0437\u043d\u044c", "\u041f\u0420\u0418\u0412\u0415\u0422 \u041c\u0418\u0420", "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645", "\u05e9\u05dc\u05d5\u05dd", "\u0939\u093f\u0928\u094d\u0926\u0940", "\u0e44\u0e17\u0e22", "\u10d2\u10d0\u10db\u10d0\u10e0\u10ef\u10dd\u10d1\u10d0", "\u1c92\u1c90", "\u13a0\u13a1", "\uab70",
    "\u4e2d\u6587\u5b57\u7b26", "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8", "\ud55c\uad6d\uc5b4", "\u4e2d\u6587 mixed \u6587\u5b57 123", "\uff21\uff22\uff23\uff11\uff12\uff13", "\u3000\u5168\u89d2\u3000", "\U00020000\U0002a6d6", "\u30fc\u30fc",
    "\U0001f600", "\U0001f600\U0001f601", "ok \U0001f44d\U0001f3fd!", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "\u2764\ufe0f", "a\u200bb", "a\u2060b", "\ufeffbom", "e\u20dd", "\U0001d538\U0001d539", "\U0001d7d8", "\U00010400\U00010401", "\U0001f170",
    "a\u00a0b", "\u2003wide\u2003", "a\u2028b\u2029c", "a\u180eb", "a\u205fb", "a\u1680b", "\u202fnarrow", "tab\tnew\nline", "many      spaces", "  ends  ", "\u200e\u200f",
    "&amp;", "&amp;amp;", "&amp;lt;b&amp;gt;", "&amp;amp;lt;", "&lt;/w&gt;", "&copy 2020", "&copy;", "&copyright", "&notit;", "&notin;", "&not", "&NotEqualTilde;", "&#65;", "&#x41;", "&#X41", "&#65", "&#65a",
    "&#x110000;", "&#xD800;", "&#0;", "&#128;", "&#x81;", "&#x80", "&#xFFFE;", "&#xFDD0;", "&#1;", "&#11;", "&#13;", "&#10;", "&#127;", "&#150;", "&#99999999999999999999;", "&#;", "&#x;", "&#xg;", "&;", "& amp;", "&amp", "&ampamp;",
    "&eacute;&Eacute;", "&nbsp;&nbsp;x", "&bne;", "&ThickSpace;", "&acE;", "&unknown;", "&unknown", "&gt&lt", "AT&T", "a&b;c", "R&D&amp", "&CounterClockwiseContourIntegral;", "&CounterClockwiseContourIntegral", "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;", "&\u00e9;", "&lt\u00e9;", "&l", "&lt", "&Tab;x&NewLine;y",
    "&quot;quoted&quot;", "&apos;s", "it&#39;s", "&#x1F600;", "&amp;#65;", "&amp;amp;#65;", "x&hellip;", "5 &times; 5", "&frac12;", "&Sigma;", "A&Sigma;",
    "<start_of_text>", "<end_of_text>", "a<end_of_text>b", "<END_OF_TEXT>", "<\u017ftart_of_text>", "<start_of_text", "&lt;end_of_text&gt;", "<|startoftext|>", "<|endoftext|>", "a <|endoftext|> b", "<<end_of_text>>", "!<end_of_text>",
    "!!!", "?!?!", "...", "\u2026", "--", "\u2014", "a--b", "(a)", "[a]", "{a}", "{} with {}", "a/b", "a\\b", "a|b", "#1", "$5.00", "50%", "50 %", "c++", "c#", ".net", "x=y+z", "@user", "user@example.org", "~", "^", "`code`", "* bullet", "\u2022 bullet",
    "\u00a1hola!", "\u00bfqu\u00e9?", "\u00ab guillemets \u00bb", "\u201cquotes\u201d", "\u20ac100", "\u00a35", "10\u00b0c", "\u00b5m", "\u2126", "\u212a", "\u212b", "\u2192", "\u2211", "\u221e", "\u00d7", "\ue000", "\U000f0000", "\ufffd", "\uffff", "\u0378",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "abababababababababab", "zzzzzzzz", "thethethe", "a" * 300, "1" * 100, "!" * 200, "\u00e9" * 60, "\U0001f600" * 40,
    "a screw with a bent tip", "not black", "red or green", "black and gray and white", "ring-shaped", "u-shaped part", "the bottle has one neck at the top.",
    "the bottle\u2019s cap", "\u2018a\u2019 \u201ab\u201b \u201cc\u201d \u201ed\u201f \u2039e\u203a", "the \ufb01rst \ufb02at \ufb00 \ufb03 \ufb04 \ufb06", "\u0132 \u0133 \u01c7\u01ca\u01f1", "\uff34\uff28\uff25 \uff43\uff41\uff50\u3000\uff11",
    "\uff76\uff9e\uff86 \uffa1\uffc2 \uffe5\uffe6", "\ufeffa cap", "a\ufeffcap", "a\x00b".replace("\x00", ""), "a\x07b\x0bc\x0cd\x1be", "\x1b[31mred\x1b[0m", "\x1b[\u0661;1mx", "a\x7fb\u206ab\ufffcc\ufff9d", "x\x93quoted\x94 \x96 \x85",
    "e\u0301 o\u0308 \u1100\u1161\u11a8 \u0915\u093c", "&SZLIG;&EACUTE;&NTILDE;&nTILDE;&AMPX;&NAPOS;", "&#59; &#38;lt; &#x2019;s &rsquo;s &#8217s", "&amp;amp;amp;amp;lt;", "<b>&amp;amp;amp;amp;lt;", "&amp;lt;a\nb &amp;amp;amp;amp;lt;",
    "<a\n&amp;amp;amp;amp;lt;", "\uff06amp;amp;amp;lt;", "&#12abc; &#abc; &#x; &#xfdd0; &#x110000;", "&ACE; &FRAC12; &THINSP;x",
    "word " * 300, "the quick brown fox jumps over the lazy dog " * 20, " ".join(str(i) for i in range(300)), "one " * 75, "one " * 74, "one " * 76, "a, " * 38, "the object has many parts. " * 11,
]


def write(name, merges, source):
    tokenizer = Tokenizer(merges)
    texts = captions() + AWKWARD
    ids = [tokenizer.encode(text) for text in texts]
    blobs = [text.encode("utf-8", "surrogatepass") for text in texts]
    golden.write(name, {
        "vocab": np.array([tokenizer.vocab], np.int32),
        "text_ends": np.cumsum([len(blob) for blob in blobs]).astype(np.int32),
        "texts": np.frombuffer(b"".join(blobs), np.uint8),
        "id_ends": np.cumsum([len(row) for row in ids]).astype(np.int32),
        "ids": np.array([i for row in ids for i in row], np.int32),
    }, f"tokenizer.py from {source}", [regex, ftfy])
    print(f"{name}: {len(texts)} strings, {sum(map(len, ids))} ids, vocabulary {tokenizer.vocab}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--merges", default=SMALL)
    parser.add_argument("--vocab", type=int, default=None)
    parser.add_argument("--name", default="tokenizer-small")
    arguments = parser.parse_args()
    if arguments.train:
        merges = train(captions() + AWKWARD, 700)
        with open(SMALL, "w", encoding="utf-8", newline="\n") as file:
            file.write("#version: 0.2 (made for the tests by tests/reference/tokenizer.py)\n")
            file.writelines(f"{left} {right}\n" for left, right in merges)
    write(f"clip/{arguments.name}", read_merges(arguments.merges, arguments.vocab), os.path.basename(arguments.merges))


if __name__ == "__main__":
    main()
