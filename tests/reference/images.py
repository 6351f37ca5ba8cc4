"""Small image files of every kind that io reads (tests/golden/io/images/), and what PIL makes of each (io/images.*).

<file>/rgb is Image.convert("RGB"), <file>/mask the raw values io_mask_read promises. Kinds that PIL cannot write (16-bit
RGB, interlaced PNG, planar and tiled TIFF) are encoded here by hand. The one kind where PIL's convert is not followed
is 16-bit grey: PIL clips it at 255, which makes nearly all of it white; io takes the high byte, as PIL does for 16-bit
RGB.
"""
import os
import struct
import zlib

import numpy as np
import PIL
from PIL import Image, ImageOps

import golden

FOLDER = os.path.join(golden.GOLDEN, "io", "images")
W, H = 19, 13
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(samples, colour, interlaced=False, extra=b""):
    """samples (H, W, C) of uint8 or uint16, written without row filters."""
    def rows(part):
        big = part.astype(part.dtype.newbyteorder(">"))
        return b"".join(b"\0" + row.tobytes() for row in big)
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 8 * samples.itemsize, colour, 0, 0, int(interlaced))
    if interlaced:
        parts = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7]
        data = b"".join(rows(part) for part in parts if part.size)
    else:
        data = rows(samples)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data))
            + chunk(b"IEND", b""))


def tiff(samples, order="<", planar=False, tile=0, photometric=None):
    """samples (H, W, C) of uint8, uint16, another integer or float, uncompressed; tile is the side of square tiles (0: one strip)."""
    height, width, channels = samples.shape
    samples = samples.astype(samples.dtype.newbyteorder(order))
    planes = [samples[..., c:c + 1] for c in range(channels)] if planar else [samples]
    blocks = []
    for plane in planes:
        if not tile:
            blocks.append(plane.tobytes())
            continue
        for y in range(0, height, tile):
            for x in range(0, width, tile):
                block = np.zeros((tile, tile, plane.shape[2]), samples.dtype)
                part = plane[y:y + tile, x:x + tile]
                block[:part.shape[0], :part.shape[1]] = part
                blocks.append(block.tobytes())
    bits = 8 * samples.itemsize
    if photometric is None:
        photometric = 2 if channels >= 3 else 1
    tags = {256: [width], 257: [height], 258: [bits] * channels, 259: [1], 262: [photometric], 277: [channels],
            284: [2 if planar else 1], 339: [{"f": 3, "i": 2}.get(samples.dtype.kind, 1)] * channels}
    if channels == 4:
        tags[338] = [2]
    offsets = list(np.cumsum([8] + [len(block) for block in blocks]))
    where = [int(offset) for offset in offsets[:-1]]
    if tile:
        tags.update({322: [tile], 323: [tile], 324: where, 325: [len(block) for block in blocks]})
    else:
        tags.update({273: where, 278: [height], 279: [len(block) for block in blocks]})
    body = b"".join(blocks)
    body += b"\0" * (len(body) % 2)
    directory_at = 8 + len(body)
    directory = struct.pack(order + "H", len(tags))
    spill_at = directory_at + 2 + 12 * len(tags) + 4
    spill = b""
    for tag in sorted(tags):
        values = struct.pack(order + "I" * len(tags[tag]), *tags[tag])
        if len(values) > 4:
            directory += struct.pack(order + "HHII", tag, 4, len(tags[tag]), spill_at + len(spill))
            spill += values
        else:
            directory += struct.pack(order + "HHI", tag, 4, len(tags[tag])) + values.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", directory_at)
    return head + body + directory + struct.pack(order + "I", 0) + spill


def bmp(noise, bits, upper_first=False):
    """noise (H, W, 3) of uint8 as a BMP of 32 bits, or of 16 with masks of 5, 6 and 5."""
    height, width = noise.shape[:2]
    wide = noise.astype(np.uint32)
    if bits == 32:
        pixels = (wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]).astype("<u4")
        masks = b""
    else:
        pixels = (wide[..., 0] >> 3 << 11 | wide[..., 1] >> 2 << 5 | wide[..., 2] >> 3).astype("<u2")
        masks = struct.pack("<III", 0xf800, 0x07e0, 0x001f)
    rows = [row.tobytes() for row in pixels]
    rows = [row + b"\0" * (-len(row) % 4) for row in (rows if upper_first else rows[::-1])]
    body = b"".join(rows)
    start = 14 + 40 + len(masks)
    info = struct.pack("<IiiHHIIiiII", 40, width, -height if upper_first else height, 1, bits, 3 if masks else 0,
                       len(body), 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + info + masks + body


def put(name, bytes_or_image, **options):
    path = os.path.join(FOLDER, name)
    if isinstance(bytes_or_image, bytes):
        with open(path, "wb") as file:
            file.write(bytes_or_image)
    else:
        bytes_or_image.save(path, **options)


def make(rng):
    """Writes all files; returns {file: raw mask values} for those that are masks."""
    noise = rng.integers(0, 256, (H, W, 3), dtype=np.uint8)
    wide = rng.integers(0, 65536, (H, W, 4), dtype=np.uint16)
    y, x = np.mgrid[0:H, 0:W]
    smooth = np.stack([10 * x + 3 * y, 255 - 9 * x, 18 * y], -1).clip(0, 255).astype(np.uint8)
    bilevel = ((x + y) % 3 == 0)
    levels = rng.integers(0, 7, (H, W), dtype=np.uint8)
    rgb, grey = Image.fromarray(noise), Image.fromarray(noise[..., 0])
    indexed = Image.fromarray(levels, mode="P")
    indexed.putpalette(rng.integers(0, 256, 21, dtype=np.uint8).tobytes())
    alpha = np.dstack([noise, wide[..., 3].astype(np.uint8)])
    masks = {}

    put("rgb8.png", rgb)
    put("grey8.png", grey)
    masks["grey8.png"] = noise[..., 0]
    put("grey1.png", Image.fromarray(bilevel))
    masks["grey1.png"] = bilevel * 255
    put("palette4.png", indexed)
    masks["palette4.png"] = levels
    put("palette8.png", indexed, bits=8, transparency=2)
    masks["palette8.png"] = levels
    put("rgba8.png", Image.fromarray(alpha))
    put("grey_alpha8.png", Image.fromarray(alpha[..., 2:]))
    masks["grey_alpha8.png"] = alpha[..., 2]
    put("grey16.png", png(wide[..., :1], 0))
    masks["grey16.png"] = wide[..., 0]
    put("rgb16.png", png(wide[..., :3], 2))
    put("rgba16.png", png(wide, 6))
    put("interlaced.png", png(noise, 2, interlaced=True))
    put("interlaced_narrow.png", png(noise[:, :3], 2, interlaced=True))
    put("grey_key.png", png(noise[..., :1], 0, extra=chunk(b"tRNS", struct.pack(">H", int(noise[0, 0, 0])))))
    put("equal_channels.png", Image.fromarray(np.repeat(levels[..., None], 3, 2)))
    masks["equal_channels.png"] = levels
    put("one_pixel.png", Image.fromarray(noise[:1, :1]))
    put("one_wide.png", Image.fromarray(noise[:, :1]))

    tall = Image.fromarray(smooth).resize((45, 33), Image.BICUBIC)
    put("chroma420.jpg", tall, quality=85)
    put("chroma422.jpg", tall, quality=85, subsampling=1)
    put("chroma444.jpg", rgb, quality=95, subsampling=0)
    put("progressive.jpg", tall, quality=60, progressive=True)
    put("grey.jpg", grey, quality=80)
    put("cmyk.jpg", Image.fromarray(np.dstack([smooth, noise[..., 0]]), mode="CMYK"), quality=90)
    put("turned.jpg", tall, quality=85, exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0")

    put("rgb24.bmp", tall)
    put("grey8.bmp", grey)
    masks["grey8.bmp"] = noise[..., 0]
    put("bilevel.bmp", Image.fromarray(bilevel))
    masks["bilevel.bmp"] = bilevel * 255
    put("palette8.bmp", indexed)
    masks["palette8.bmp"] = levels
    put("upper_first32.bmp", bmp(noise, 32, upper_first=True))
    put("fields565.bmp", bmp(noise, 16))
    put("lossless.webp", rgb, lossless=True)
    put("lossy.webp", tall, quality=80)
    put("alpha.webp", Image.fromarray(alpha), lossless=True, exact=True)

    put("rgb.tif", rgb)
    put("lzw.tif", tall, compression="tiff_lzw")
    put("deflate_rgba.tif", Image.fromarray(alpha), compression="tiff_adobe_deflate")
    put("jpeg.tif", tall, compression="jpeg")
    put("grey.tif", grey)
    masks["grey.tif"] = noise[..., 0]
    put("bilevel.tif", Image.fromarray(bilevel), compression="group4")
    masks["bilevel.tif"] = bilevel * 255
    put("palette.tif", indexed)
    masks["palette.tif"] = levels
    put("grey16.tif", tiff(wide[..., :1]))
    masks["grey16.tif"] = wide[..., 0]
    put("grey16_big_endian.tif", tiff(wide[..., :1], ">"))
    masks["grey16_big_endian.tif"] = wide[..., 0]
    put("planar.tif", tiff(noise, planar=True))
    put("tiled.tif", tiff(noise, tile=16))
    put("tiled_planar_rgba.tif", tiff(alpha, ">", planar=True, tile=16))
    put("min_is_white.tif", tiff(noise[..., :1], photometric=0))

    # A 12-bit camera's samples, one of them beyond 12 bits; and one picture in all eight orientations.
    camera = wide >> 4
    camera[3, 5] = 5000
    put("camera12.png", png(camera[..., :1], 0))
    masks["camera12.png"] = camera[..., 0]
    put("camera12_rgb.png", png(camera[..., :3], 2))
    put("camera12.tif", tiff(camera[..., :1], ">"))
    masks["camera12.tif"] = camera[..., 0]
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[0x112] = turn
        put(f"turn{turn}.png", rgb, exif=exif)
    exif[0x112] = 6
    put("turned.webp", rgb, lossless=True, exif=exif.tobytes())
    put("turned.tif", rgb, tiffinfo={274: 8})
    return masks, {"grey16.png", "grey16.tif", "grey16_big_endian.tif", "camera12.png", "camera12.tif"}, {"planar.tif", "tiled_planar_rgba.tif"}, noise, camera


def make_maps(rng):
    """One float map as the ways other programs store it (tests/golden/io/maps_*.tif)."""
    values = rng.normal(size=(H, W)).astype(np.float32)
    files = {"plain": tiff(values[..., None]), "big_endian": tiff(values[..., None], ">"),
             "tiled": tiff(values[..., None], tile=16), "double": tiff(values[..., None].astype(np.float64))}
    for name, content in files.items():
        with open(os.path.join(golden.GOLDEN, "io", f"maps_{name}.tif"), "wb") as file:
            file.write(content)
    Image.fromarray(values).save(os.path.join(golden.GOLDEN, "io", "maps_deflate.tif"), compression="tiff_adobe_deflate")
    arrays = {"map": values.astype(np.float64)}
    kinds = {"half": np.float16, "u8": np.uint8, "u16": np.uint16, "u32": np.uint32, "i8": np.int8, "i16": np.int16,
             "i32": np.int32}
    for name, kind in kinds.items():
        scaled = values if kind == np.float16 else np.abs(values * 40) if "u" in name else values * 40
        arrays["map_" + name] = scaled.astype(kind).astype(np.float64)
        with open(os.path.join(golden.GOLDEN, "io", f"maps_{name}.tif"), "wb") as file:
            file.write(tiff(scaled.astype(kind)[..., None], ">" if name == "u16" else "<"))
    # Doubles that no float tells apart.
    arrays["map_fine"] = 1000 + 1e-9 * values.astype(np.float64)
    with open(os.path.join(golden.GOLDEN, "io", "maps_fine.tif"), "wb") as file:
        file.write(tiff(arrays["map_fine"][..., None]))
    golden.write("io/maps", arrays, "images.py", [PIL])


def main():
    os.makedirs(FOLDER, exist_ok=True)
    for old in os.listdir(FOLDER):
        os.remove(os.path.join(FOLDER, old))
    masks, high_byte, by_hand, noise, camera = make(np.random.default_rng(11))
    arrays = {}
    for name in sorted(os.listdir(FOLDER)):
        if name in high_byte:
            rgb = np.repeat((masks[name] >> 8).astype(np.uint8)[..., None], 3, 2)
        elif name == "turned.tif":
            rgb = noise  # PIL turns a TIFF when it opens it, and no other kind; io turns none unless it is asked to
        else:
            rgb = np.asarray(Image.open(os.path.join(FOLDER, name)).convert("RGB"))
        if name in by_hand:
            assert (rgb == noise).all(), name
        arrays[name + "/rgb"] = rgb
        if "turn" in name:
            picture = Image.open(os.path.join(FOLDER, name))
            upright = picture if name == "turned.tif" else ImageOps.exif_transpose(picture)
            arrays[name + "/upright"] = np.asarray(upright.convert("RGB"))
        if "camera12" in name:
            samples = camera[..., :3] if "rgb" in name else np.repeat(camera[..., :1], 3, 2)
            arrays[name + "/depth12"] = (samples >> 4).clip(0, 255).astype(np.uint8)
        if name in masks:
            arrays[name + "/mask"] = masks[name].astype(np.int32)
    golden.write("io/images", arrays, "images.py", [PIL])
    make_maps(np.random.default_rng(13))


if __name__ == "__main__":
    main()
