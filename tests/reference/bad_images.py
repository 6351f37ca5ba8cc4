"""Small image files that io must refuse, each with its own line (tests/bad/): see tests/io/test_io_bad_images.c."""
import io
import os
import struct

import numpy as np
from PIL import Image

import golden
import images

BAD = os.path.join(golden.GOLDEN, "..", "bad")


def put(name, content):
    with open(os.path.join(BAD, name), "wb") as file:
        file.write(content)


def encode(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def main():
    os.makedirs(BAD, exist_ok=True)
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    png, jpeg = images.png(noise, 2), encode(picture, "JPEG", quality=90)
    tiff = images.tiff(noise)

    put("truncated.png", png[:len(png) * 3 // 5])
    put("truncated_header.png", png[:20])
    put("no_end.png", png[:-12])
    data_crc = len(png) - 12 - 1
    put("bad_crc.png", png[:data_crc] + bytes([png[data_crc] ^ 1]) + png[data_crc + 1:])
    too_short = images.png(noise[:10], 2)
    header = images.chunk(b"IHDR", struct.pack(">IIBBBBB", 24, 20, 8, 2, 0, 0, 0))
    put("missing_rows.png", too_short[:8] + header + too_short[33:])
    huge = images.chunk(b"IHDR", struct.pack(">IIBBBBB", 100000, 100000, 8, 2, 0, 0, 0))
    put("huge.png", png[:8] + huge + png[33:])
    empty = images.chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 20, 8, 2, 0, 0, 0))
    put("no_width.png", png[:8] + empty + png[33:])
    put("text.png", b"This is not an image.\n")
    put("web_page.jpg", b"\n\n<html><body>404</body></html>\n")
    put("empty.png", b"")

    put("truncated.jpg", jpeg[:len(jpeg) * 3 // 5])
    put("no_end.jpg", jpeg[:-2])
    size_at = jpeg.index(b"\xff\xc0") + 5
    put("huge.jpg", jpeg[:size_at] + struct.pack(">HH", 65500, 65500) + jpeg[size_at + 4:])
    scan_at = jpeg.index(b"\xff\xda")
    put("broken_stream.jpg", jpeg[:scan_at + 200] + b"\xff\xd9" + jpeg[scan_at + 202:])

    # The directory stands before the data here, so that what is cut is the data.
    strip = encode(picture, "TIFF")
    put("truncated.tif", strip[:len(strip) * 3 // 5])
    put("no_directory.tif", tiff[:100])
    put("float.tif", images.tiff(rng.normal(size=(6, 5, 1)).astype(np.float32)))
    put("huge.tif", tiff.replace(struct.pack("<HHII", 256, 4, 1, 24), struct.pack("<HHII", 256, 4, 1, 900000))
        .replace(struct.pack("<HHII", 257, 4, 1, 20), struct.pack("<HHII", 257, 4, 1, 900000)))

    bitmap, webp = images.bmp(noise, 32), encode(picture, "WEBP", lossless=True)
    put("truncated.bmp", bitmap[:len(bitmap) * 3 // 5])
    put("run_length.bmp", bitmap[:28] + struct.pack("<HI", 8, 1) + bitmap[34:])
    put("huge.bmp", bitmap[:18] + struct.pack("<ii", 1 << 30, -(1 << 31)) + bitmap[26:])
    put("truncated.webp", webp[:len(webp) * 3 // 5])
    put("other.webp", b"RIFF\x04\0\0\0WAVE")

    coloured = np.zeros((8, 9, 3), np.uint8)
    coloured[5, 2] = (255, 0, 128)
    put("coloured_mask.png", images.png(coloured, 2))


if __name__ == "__main__":
    main()
