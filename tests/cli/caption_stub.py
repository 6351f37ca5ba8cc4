"""A stub of an OpenAI-compatible chat endpoint, and what `fgad mfsc caption` must do with its answers.

FGAD (the program) and WORK (a folder to use) come from the environment. Standard library only.
"""
import base64
import http.server
import json
import os
import re
import resource
import shutil
import ssl
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
import zlib

FGAD, WORK = os.environ["FGAD"], os.environ["WORK"]
KEY = "sk-stub-0123456789abcdef"
GOOD = json.loads(re.search(r"```json\n(.*?)```", open("datasets/mfsc/README.md").read(), re.S).group(1))
failures = []


def variant(change):
    document = json.loads(json.dumps(GOOD))
    change(document)
    return document


def completion(content):
    return 200, {}, json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()


def good():
    return completion(json.dumps(GOOD))


class Stub(http.server.BaseHTTPRequestHandler):
    """Answers with the script's next entry and keeps what it was asked."""

    script, asked, sent = [], [], 0
    protocol_version = "HTTP/1.0"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Stub.asked.append((self.path, dict(self.headers), json.loads(body), time.monotonic()))
        answer = Stub.script.pop(0) if len(Stub.script) > 1 else Stub.script[0]
        if answer == "silence":
            time.sleep(3)
            return
        if isinstance(answer, tuple) and answer[0] == "endless":
            self.endless(answer[1], answer[2])
            return
        status, headers, data = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def endless(self, size, tell):
        self.send_response(200)
        if tell:
            self.send_header("Content-Length", str(size))
        self.end_headers()
        block = b" " * 65536
        Stub.sent = 0
        try:
            while Stub.sent < size:
                self.wfile.write(block)
                Stub.sent += len(block)
        except OSError:
            pass

    def log_message(self, *args):
        pass


def serve(context=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    server.daemon_threads = True
    server.handle_error = lambda *args: None  # a client that gives up half-way is what some cases are about
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def png(path):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes([40 * y, 9, 7] * 5) for y in range(4))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 4, 8, 2, 0, 0, 0))
                   + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def check(condition, what):
    if not condition:
        failures.append(what)
        print("FAILED:", what)


def run(name, script, *more, url=None, code=0, says="", key=KEY):
    """One run against a scripted server; returns (path of the caption, what it printed)."""
    Stub.script, Stub.asked = list(script), []
    out = f"{WORK}/{name}/push_button.json"
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    environment.pop("FGAD_API_KEY", None)
    if key is not None:
        environment["FGAD_API_KEY"] = key
    command = [FGAD, "mfsc", "caption", "--image", f"{WORK}/a.png", "--category", "push_button", "--dataset", "folder",
               "--out", out, "--model", "stub-vision", "--url", url or f"http://127.0.0.1:{port}/v1", *more]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=100)
    text = done.stdout + done.stderr
    check(done.returncode == code, f"{name}: exit code {done.returncode}, expected {code}: {text}")
    check(says in text, f"{name}: '{says}' is not in: {text}")
    check(KEY not in text, f"{name}: the key is printed")
    check(code == 0 or not os.path.exists(out), f"{name}: a caption is there after a failure")
    for folder, _, files in os.walk(f"{WORK}/{name}"):
        for file in files:
            stored = open(f"{folder}/{file}", errors="replace").read()
            for _ in range(4):
                check(KEY not in stored, f"{name}: the key is stored in {file}")
                stored = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), stored)
            check(".tmp." not in file, f"{name}: {file} is left")
    return out, text


def complaints_sent():
    """The user's words after each of the model's answers, in the last request."""
    messages = Stub.asked[-1][2]["messages"]
    return [m["content"] for m in messages[2:] if m["role"] == "user"]


def answers_kept(name):
    return sorted(f for f in os.listdir(f"{WORK}/{name}") if ".answer-" in f)


def a_good_answer():
    out, _ = run("good", [good()], "--image", f"{WORK}/a.png", says="fit at answer 1")
    check(json.load(open(out)) == GOOD, "good: the caption is not what was answered")
    path, headers, request, _ = Stub.asked[0]
    check(len(Stub.asked) == 1 and path == "/v1/chat/completions", f"good: asked {path}")
    check(headers.get("Authorization") == f"Bearer {KEY}", "good: the key was not sent")
    check(headers.get("Content-Type") == "application/json", "good: the content type")
    check(request["model"] == "stub-vision", "good: the model")
    system, user = request["messages"]
    check(system["role"] == "system" and "speckled" in system["content"] and "{{" not in system["content"],
          "good: the system prompt holds no vocabulary")
    pictures = [p["image_url"]["url"] for p in user["content"] if p["type"] == "image_url"]
    with open(f"{WORK}/a.png", "rb") as file:
        want = "data:image/png;base64," + base64.b64encode(file.read()).decode()
    check(pictures == [want, want], "good: the pictures")
    check("push_button" in user["content"][0]["text"] and "folder" in user["content"][0]["text"], "good: the names")
    form = request["response_format"]
    check(form["type"] == "json_schema" and form["json_schema"]["schema"] == json.load(open("datasets/mfsc/schema.json")),
          "good: the schema")
    again = subprocess.run([FGAD, "mfsc", "check", out], capture_output=True, text=True)
    check(again.returncode == 0, f"good: the written caption is refused: {again.stdout}")
    command = [FGAD, "mfsc", "caption", "--image", f"{WORK}/a.png", "--category", "push_button", "--dataset", "folder",
               "--out", out, "--model", "m", "--url", f"http://127.0.0.1:{port}"]
    Stub.asked = []
    done = subprocess.run(command, capture_output=True, text=True)
    check(done.returncode == 2 and "exists and may be somebody's work" in done.stderr and not Stub.asked,
          f"good: written over: {done.stderr}")


def no_key_and_no_schema():
    run("plain", [good()], "--no-schema", key=None)
    check("Authorization" not in Stub.asked[0][1], "plain: a key was sent")
    check("response_format" not in Stub.asked[0][2], "plain: a schema was sent")


def prose_around_json():
    text = "Here it is {as you asked}:\n```json\n" + json.dumps(GOOD, indent=1) + "\n```\nI {hope} it helps."
    out, _ = run("prose", [completion(text)], says="fit at answer 1")
    check(json.load(open(out)) == GOOD, "prose: the caption differs")
    parts = [{"type": "text", "text": json.dumps(GOOD)}]
    run("parts", [(200, {}, json.dumps({"choices": [{"message": {"content": parts}}]}).encode())], says="fit at answer 1")


def a_missing_field():
    lacking = completion(json.dumps(variant(lambda d: d["image"].pop("summary"))))
    out, text = run("missing", [lacking, good()], says="fit at answer 2")
    check(len(complaints_sent()) == 1 and "image.summary" in complaints_sent()[0], f"missing: {complaints_sent()}")
    check(Stub.asked[1][2]["messages"][2]["role"] == "assistant", "missing: the answer is not sent back")
    check(not answers_kept("missing"), "missing: answers are kept after success")


def a_value_not_verbatim():
    def change(document):
        document["components"][0]["attributes"]["color"] = "blue"

    wrong = completion(json.dumps(variant(change)))
    run("verbatim", [wrong], code=2, says="4 answers, none of them fit")
    check(len(Stub.asked) == 4, f"verbatim: asked {len(Stub.asked)} times, expected 1 and 3 again")
    check(all("lacks 'blue'" in c for c in complaints_sent()) and len(complaints_sent()) == 3,
          f"verbatim: {complaints_sent()}")
    check(answers_kept("verbatim") == [f"push_button.json.answer-{i}.txt" for i in (1, 2, 3, 4)],
          f"verbatim: kept {answers_kept('verbatim')}")
    with open(f"{WORK}/verbatim/push_button.json.answer-1.txt") as file:
        check(json.load(file)["components"][0]["attributes"]["color"] == "blue", "verbatim: another answer is kept")
    run("other", [completion(json.dumps(variant(lambda d: d.update(category="knob"))))], "--retries", "0", code=2,
        says="category: 'knob'")
    check(len(Stub.asked) == 1, "other: --retries 0 asks again")
    run("never", [], "--retries", "-1", code=2, says="--retries is '-1', expected a whole number from 0 to 20")


def no_object_at_all():
    run("words", [completion("I cannot see a picture."), completion("{" * 200000), good()], says="fit at answer 3")
    check("no whole JSON object" in complaints_sent()[0], f"words: {complaints_sent()}")
    run("cut", [completion(json.dumps(GOOD)[:-40])], "--retries", "1", code=2, says="no whole JSON object")
    run("html", [(200, {}, b"<html>hello</html>")], code=2, says="the answer is no JSON")
    check(answers_kept("html") == ["push_button.json.answer-1.txt"], "html: the answer is not kept")
    run("shape", [(200, {}, b'{"id": 1}')], code=2, says="choices[0].message.content")
    refusal = {"choices": [{"message": {"content": None, "refusal": "I would rather not."}}]}
    run("refusal", [(200, {}, json.dumps(refusal).encode())], code=2, says="the model refuses: I would rather not.")


def busy_then_good():
    busy = (429, {"Retry-After": "2"}, json.dumps({"error": {"message": f"slow down, {KEY}"}}).encode())
    run("busy", [busy, (503, {}, b"down for a moment"), good()], says="fit at answer 1")
    times = [entry[3] for entry in Stub.asked]
    check(len(times) == 3 and 1.9 < times[1] - times[0] < 6, f"busy: Retry-After is not heeded: {times}")
    check(1.9 < times[2] - times[1] < 6, f"busy: the second wait is not two seconds: {times}")
    check(not answers_kept("busy"), "busy: answers are kept")


def refused_for_good():
    denied = (401, {}, json.dumps({"error": {"message": f"the key {KEY} is not known"}}).encode())
    run("denied", [denied], code=2, says="HTTP status 401: the key ************************ is not known")
    check(len(Stub.asked) == 1, "denied: asked again")
    run("moved", [(302, {"Location": f"http://127.0.0.1:{port}/elsewhere"}, b"")], code=2, says="HTTP status 302")
    check(len(Stub.asked) == 1, "moved: followed")
    run("busy_on", [(500, {"Retry-After": "1"}, b"broken")], code=2, says="HTTP status 500 again and again: broken")
    check(len(Stub.asked) == 5, f"busy_on: asked {len(Stub.asked)} times")


def a_key_that_comes_back():
    """However a server spells the key, neither the terminal nor a file has it."""
    escaped = "".join(f"\\u{ord(c):04x}" for c in KEY)
    mixed = "".join(f"\\u{ord(c):04X}" if i % 2 else c for i, c in enumerate(KEY))
    twice = "".join(f"\\\\u{ord(c):04x}" for c in KEY)
    hidden = "".join(f"\\u005cu{ord(c):04x}" for c in KEY)
    url = "".join(f"%{ord(c):02X}" for c in KEY)
    for i, spelling in enumerate((KEY, escaped, mixed, twice, hidden, url)):
        denied = (401, {}, b'{"error": {"message": "the key ' + spelling.encode() + b' is not known"}}')
        run(f"echo{i}", [denied], code=2, says="is not known")
        summary = json.dumps(GOOD).replace(json.dumps(GOOD["image"]["summary"])[1:-1], spelling)
        answer = b'{"choices": [{"message": {"content": ' + json.dumps(summary).encode() + b'}}]}'
        Stub.script = [(200, {}, answer)]
        out = f"{WORK}/stored{i}/push_button.json"
        environment = dict(os.environ, FGAD_API_KEY=KEY)
        done = subprocess.run([FGAD, "mfsc", "caption", "--image", f"{WORK}/a.png", "--category", "push_button",
                               "--dataset", "folder", "--out", out, "--model", "m", "--retries", "0", "--url",
                               f"http://127.0.0.1:{port}/v1"], capture_output=True, text=True, env=environment)
        texts = [done.stdout + done.stderr]
        texts += [open(f"{WORK}/stored{i}/{file}", errors="replace").read() for file in os.listdir(f"{WORK}/stored{i}")]
        check(len(texts) > 1, f"stored{i}: nothing was stored: {texts}")
        for text in texts:
            for _ in range(4):
                check(KEY not in text and KEY not in urllib.parse.unquote(text), f"stored{i}: the key is kept")
                text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text)
    rude = (401, {}, json.dumps({"error": {"message": "no\x1b[2J\x07 \x9bK"}}).encode())
    _, text = run("rude", [rude], code=2, says=r"no\x1b[2J\x07")
    check("\x1b" not in text and "\x9b" not in text, f"rude: the server speaks to the terminal: {text!r}")


def a_key_in_memory_alone():
    """While the answer is waited for, the key is not in the environment that ps shows, and no core would hold it."""
    Stub.script, Stub.asked = ["silence"], []
    command = [FGAD, "mfsc", "caption", "--image", f"{WORK}/a.png", "--category", "push_button", "--dataset", "folder",
               "--out", f"{WORK}/memory/push_button.json", "--model", "m", "--url", f"http://127.0.0.1:{port}/v1",
               "--timeout", "2"]
    process = subprocess.Popen(command, env=dict(os.environ, FGAD_API_KEY=KEY), stderr=subprocess.DEVNULL)
    while not Stub.asked and process.poll() is None:
        time.sleep(0.01)
    with open(f"/proc/{process.pid}/limits") as file:
        check(re.search(r"core file size +0 +0", file.read()), "memory: a core may be written")
    try:
        with open(f"/proc/{process.pid}/environ", "rb") as file:
            check(KEY.encode() not in file.read(), "memory: the key is in the environment")
    except PermissionError:
        pass
    process.wait()


def time_out():
    begun = time.monotonic()
    run("silence", ["silence"], "--timeout", "0.7", code=2, says="no whole answer within 0.7 seconds")
    check(time.monotonic() - begun < 3, "silence: waited too long")


def nobody_there():
    run("nobody", [good()], code=2, says="127.0.0.1", url="http://127.0.0.1:1/v1")
    run("scheme", [good()], code=2, says="expected https://", url="file:///etc/hostname")
    run("userinfo", [good()], code=2, says="leave it out", url=f"http://me:secret@127.0.0.1:{port}/v1")
    run("badkey", [good()], code=2, says="characters that no key has", key="two\nlines")


def tls_failure():
    if shutil.which("openssl") is None:
        print("no openssl program: TLS is not tested")
        return
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{WORK}/key.pem", "-out", f"{WORK}/cert.pem"],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{WORK}/cert.pem", f"{WORK}/key.pem")
    secure = f"https://127.0.0.1:{serve(context)}/v1"
    run("tls", [good()], url=secure, code=2, says="TLS failed, nothing was sent")
    check(not Stub.asked, "tls: something was sent to a server that is not trusted")
    run("tls_ca", [good()], "--ca", f"{WORK}/cert.pem", url=secure, says="fit at answer 1")


def fifty_megabytes():
    size = 50 << 20
    for name, tell in (("long_told", True), ("long", False)):
        run(name, [("endless", size, tell)], code=2, says="longer than 4194304 bytes")
        check(Stub.sent < 16 << 20, f"{name}: {Stub.sent} bytes were taken")
    # Memory of all children so far, in KB: the sanitizers' own is left out of the count.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with open(FGAD, "rb") as file:
        sanitized = b"__asan_init" in file.read()
    check(sanitized or peak < 100000, f"long: {peak} KB of memory were used")


def bad_pictures():
    with open(f"{WORK}/b.png", "wb") as file:
        file.write(open(f"{WORK}/a.png", "rb").read()[:40])
    run("cut_picture", [good()], "--image", f"{WORK}/b.png", code=2, says="b.png'")
    run("no_picture", [good()], "--image", f"{WORK}/none.png", code=2, says="none.png'")
    check(not Stub.asked, "no_picture: the endpoint was asked")


def own_images():
    """`fgad new` where the environment names an endpoint: a draft and a job with prompts, or a form and a job without."""
    photos = f"{WORK}/photos"
    os.makedirs(photos)
    for i in range(8):
        png(f"{photos}/{i}.png")
    denied = (401, {}, b'{"error": {"message": "who are you"}}')
    for name, answer, says, form in (("drafted", good(), "fit at answer 1", False), ("undrafted", denied, "who are you", True)):
        Stub.script, Stub.asked = [answer], []
        environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        environment.update(FGAD_API_URL=f"http://127.0.0.1:{port}/v1", FGAD_API_MODEL="stub-vision", FGAD_API_KEY=KEY)
        place = f"{WORK}/{name}"
        done = subprocess.run([FGAD, "new", place, "--images", photos, "--name", "push_button"],
                              capture_output=True, text=True, env=environment, timeout=100)
        text = done.stdout + done.stderr
        check(done.returncode == 0 and f"next: {FGAD} run {place}/job.yaml" in text, f"{name}: {done.returncode}: {text}")
        check(says in text and KEY not in text, f"{name}: {text}")
        check(len(Stub.asked) == 1, f"{name}: asked {len(Stub.asked)} times")
        pictures = [p for p in Stub.asked[0][2]["messages"][1]["content"] if p["type"] == "image_url"]
        check(len(pictures) == 3, f"{name}: {len(pictures)} pictures were sent")
        with open(f"{place}/job.yaml") as file:
            job = file.read()
        check(KEY not in job, f"{name}: the key is in the job")
        check(("\nbranches: [vad]" in job) == form, f"{name}: the wrong branches: {job}")
        with open(f"{place}/images/push_button/caption.json") as file:
            caption = file.read()
        check((json.loads(caption) == GOOD) != form and ("<" in caption) == form, f"{name}: caption: {caption}")
        plan = subprocess.run([FGAD, "run", f"{place}/job.yaml", "--dry-run"], capture_output=True, text=True)
        check(plan.returncode == 0, f"{name}: the job is refused: {plan.stdout + plan.stderr}")


shutil.rmtree(WORK, ignore_errors=True)
os.makedirs(WORK)
png(f"{WORK}/a.png")
port = serve()
for case in (a_good_answer, no_key_and_no_schema, prose_around_json, a_missing_field, a_value_not_verbatim,
             no_object_at_all, busy_then_good, refused_for_good, a_key_that_comes_back, a_key_in_memory_alone, time_out, nobody_there, tls_failure, fifty_megabytes,
             bad_pictures, own_images):
    begun = time.monotonic()
    case()
    print(f"{case.__name__}: {time.monotonic() - begun:.1f} s")
sys.exit(1 if failures else 0)
