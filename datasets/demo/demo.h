/* demo: draws a set of images of industrial parts, without and with defects, from seeds.
 *
 * Two products. `demo_generate` writes the demo set, in MVTec-AD's layout, for the first run of the program.
 * `demo_stream` writes samples of the same family of pictures for datasets/models/demo-clip/train.py, with other
 * seeds, arrangements and pairs of noun and colour. Every picture is a pure function of its seed and its name:
 * the same bytes on the same machine, in whatever order it is made.
 *
 * Not here: captions (datasets/mfsc/demo, and train.py for the stream), reading data sets (src/data).
 * May use: base, io (PNG out). */
#ifndef FGAD_DEMO_H
#define FGAD_DEMO_H

#include "base/base.h"

#include <stdio.h>

#define DEMO_TRAIN_GOOD 12
#define DEMO_TEST_GOOD 12
#define DEMO_TEST_DEFECT 5 /* of each kind of defect */

/* Writes <out_dir>/<category>/{train/good,test/good,test/<defect>}/NNN.png and
 * ground_truth/<defect>/NNN_mask.png (0 or 255) for every category; makes the directories. Existing files of the
 * same names are overwritten. ST_EIO when the system refuses; what was written so far stays. */
status_t demo_generate(const char *out_dir, uint64_t seed);
/* One category of it, 0 <= index < demo_categories(): the same files as demo_generate writes. */
status_t demo_generate_category(const char *out_dir, int index, uint64_t seed);

/* Number of categories, and the name of one (static). */
int demo_categories(void);
const char *demo_category_name(int index);

/* Writes `scenes` records, numbers first, first + stride, ..., to `out`. A record, little-endian:
 *   1. "FGDS", 4 bytes
 *   2. uint32 size S, images N, length J of the text
 *   3. J bytes of JSON: {"scene", "noun", "background", "items": [{"noun", "color", "texture", "shape", "material",
 *      "location", "count"}], "images": [{"defect", "item", "color", "zoom"}]}; "defect" is "good" or a kind of defect
 *   4. N times: rgb (S,S,3) uint8; part (S,S) uint8, 0 background, 1 + item; defect (S,S) uint8, 255 = covered
 * The first image of a scene is good, the others are good or defective; a few are close-ups. */
status_t demo_stream(FILE *out, uint64_t seed, int64_t first, int64_t stride, int64_t scenes, int images, int size);

#endif
