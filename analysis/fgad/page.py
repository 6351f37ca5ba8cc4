"""One self-contained HTML page: style, script and pictures are in the file, nothing is fetched."""
import base64
import html
import os
import re

import matplotlib

ENLARGE = 'class="enlarge"'
DIALOG = """<dialog aria-label="Enlarged picture"><form method="dialog"><button>Close</button></form><img src="data:," alt="">
<p></p></dialog>"""
HERE = os.path.dirname(os.path.abspath(__file__))


def escape(value):
    return html.escape(str(value))


def data_uri(kind, data):
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def asset(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


class Cell:
    """A table cell: markup, what it sorts by (value), and a class."""

    def __init__(self, markup, value=None, kind="", title=""):
        self.markup, self.value, self.kind, self.title = markup, value, kind, title

    def html(self):
        value = "" if self.value is None else f' data-value="{escape(self.value)}"'
        kind = f' class="{self.kind}"' if self.kind else ""
        title = f' title="{escape(self.title)}"' if self.title else ""
        return f"<td{kind}{value}{title}>{self.markup}</td>"


def word(value):
    return Cell(escape(value))


def whole(value):
    return Cell(escape(value), value, "number")


class Table:
    """columns: (title, is a number, explanation). rows: (cells, is a mean)."""

    def __init__(self, name, columns):
        self.name, self.columns, self.rows = name, columns, []

    def add(self, cells, mean=False):
        self.rows.append((cells, mean))

    def html(self, filtered=False):
        head = "".join(
            f'<th scope="col"{" class=number" if number else ""} title="{escape(about or title)}" data-title="{escape(title)}">'
            f'<button type="button">{escape(title)}</button></th>'
            for title, number, about in self.columns
        )
        body = "\n".join("<tr>" + "".join(cell.html() for cell in cells) + "</tr>" for cells, mean in self.rows if not mean)
        means = "\n".join(
            "<tr class=mean>" + "".join(cell.html() for cell in cells) + "</tr>" for cells, mean in self.rows if mean
        )
        tools = ""
        if filtered:
            rows = "row" if len(self.rows) == 1 else "rows"
            tools = (
                f'<div class="tools"><input type="search" data-filters="{self.name}" placeholder="Filter rows" '
                f'aria-label="Filter rows"><span class="note count">{len(self.rows)} {rows}</span></div>'
            )
        tall = " tall" if len(self.rows) > 40 else ""
        return (
            f'{tools}<div class="scroll{tall}"><table class="sortable" id="{self.name}"><thead><tr>{head}</tr></thead>'
            + (f"<tbody>\n{body}\n</tbody>" if body else "")
            + (f"<tbody class=means>\n{means}\n</tbody>" if means else "")
            + "</table></div>"
        )


def svg_uri(svg):
    """In two thirds of the bytes that Base64 takes: no metadata, comments and line ends; coordinates to a hundredth of a point."""
    text = re.sub(r"<\?.*?\?>|<!.*?>|<metadata>.*?</metadata>", "", svg.decode(), flags=re.S)
    text = re.sub(r"([1-9]\d*\.\d\d)\d+", r"\1", re.sub(r"\s+", " ", text)).replace("> <", "><")
    if "'" not in text:
        text = text.replace('"', "'")
    return "data:image/svg+xml," + re.sub('[%#"&]', lambda found: f"%{ord(found[0]):02X}", text)


def plot(figure):
    """A line figure as SVG. page.js draws it when it comes near the window, or is printed: a browser takes 40 ms for one, and
    a page of all categories has hundreds."""
    source = svg_uri(figure.bytes("svg"))
    width, height = (round(96 * inches) for inches in figure.figure.get_size_inches())
    kind = "plot wide" if width > 480 else "plot"
    figure.close()
    return (
        f'<figure class="{kind}"><img data-src="{source}" width="{width}" height="{height}" alt="{escape(figure.title)}">'
        f"<figcaption>{escape(figure.caption)}</figcaption></figure>"
    )


def plots(figures):
    made = [plot(figure) for figure in figures]
    return f'<div class="plots">{"".join(made)}</div>' if made else ""


def gallery(cases, encode, wide=False):
    out = []
    for case in cases:
        height, width = case.picture.shape[:2]
        out.append(
            f'<figure><button type="button" class="enlarge" aria-label="Enlarge {escape(case.title)}">'
            f'<img src="{data_uri("image/webp", encode(case.picture))}" width="{width}" height="{height}" '
            f'alt="{escape(case.title)}"></button><figcaption><b>{escape(case.title)}</b>{escape(case.note)}'
            "</figcaption></figure>"
        )
    return f'<div class="gallery{" wide" if wide else ""}">{"".join(out)}</div>'


def scale_bar(low, high):
    stops = ",".join(matplotlib.colors.to_hex(matplotlib.colormaps["inferno"](i / 10)) for i in range(11))
    return (
        f'<span>{low:.3g}<i class="ramp" style="background:linear-gradient(90deg,{stops})"></i>{high:.3g}</span>'
        "<span>anomaly map, one scale for the category</span>"
    )


def legend(entries="", scale=None):
    chips = "".join(
        f'<span><i style="background:rgb{tuple(int(part) for part in colour)}"></i>{escape(name)}</span>'
        for name, colour in entries
    )
    return f'<div class="legend">{chips}{scale_bar(*scale) if scale else ""}</div>'


class Page:
    def __init__(self, title, lead):
        self.title, self.lead, self.alerts, self.sections = title, lead, [], []

    def alert(self, headline, lines=()):
        items = "".join(f"<li>{escape(line)}</li>" for line in lines)
        self.alerts.append(
            f'<div class="alert" role="alert"><strong>{escape(headline)}</strong>'
            + (f"<ul>{items}</ul>" if items else "")
            + "</div>"
        )

    def section(self, name, title, body):
        """A section without a body is left out, and so is its link."""
        if body:
            self.sections.append((name, title, body))

    def html(self, footer):
        links = "".join(f'<li><a href="#{name}">{escape(title)}</a></li>' for name, title, _ in self.sections)
        sections = "\n".join(
            f'<section id="{name}"><h2>{escape(title)}</h2>\n{body}\n</section>' for name, title, body in self.sections
        )
        return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(self.title)}</title>
<link rel="icon" href="data:,">
<style>
{asset("page.css")}</style>
</head>
<body>
<header><h1>{escape(self.title)}</h1>
<p class="lead">{escape(self.lead)}</p>
{"".join(self.alerts)}</header>
<nav aria-label="Sections"><ul>{links}</ul></nav>
<main>
{sections}
</main>
<footer>{escape(footer)}</footer>
{DIALOG if ENLARGE in sections else ""}
<script>
{asset("page.js")}</script>
</body>
</html>
"""
