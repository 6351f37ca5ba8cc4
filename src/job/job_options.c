/* Over 400 lines: the table of all options is one list. What one job file and its assignments make of it. */
#include "job/job_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const job_view_names[] = {"C1", "C2", "C3", "C4", "C5", "all", NULL};
const char *const job_tree_names[] = {"auto", "256", "512", "1024", "raw", NULL};
static const char *const exif_names[] = {"ignore", "apply", NULL};
static const char *const feature_names[] = {"f32", "f16", NULL};
static const char *const precision_names[] = {"f32", "bf16", NULL};
#define METHOD_NAME(symbol, name) name,
const char *const job_method_names[] = {JOB_METHODS(METHOD_NAME) NULL};
static const char *const triplet_names[] = {"euclid", "published", NULL};
static const char *const state_names[] = {"own", "general", NULL};
static const char *const text_names[] = {"name", "mfsc", NULL};
static const char *const class_names[] = {"mapped", "raw", NULL};
static const char *const template_names[] = {"22", "winclip21", NULL};
static const char *const mask_names[] = {"off", "published", "otsu", NULL};
static const char *const center_names[] = {"language", "density", NULL};
static const char *const reference_names[] = {"similarity", "feature", NULL};
static const char *const retrieval_names[] = {"auto", "query_former", "normal", "bisector", NULL};
const char *const job_protocol_names[] = {"strict", "paper", "published", NULL};
static const char *const channel_names[] = {"rgb", "bgr", NULL};
static const char *const test_shot_names[] = {"excluded", "included", NULL};
static const char *const maskless_names[] = {"counted", "dropped", NULL};
static const char *const alp_names[] = {"replace", "insert", NULL};
static const char *const alp_vector_names[] = {"own", "shared", NULL};
static const char *const reg_names[] = {"normalised", "plain", NULL};
static const char *const class_token_names[] = {"image", "matched", NULL};
static const char *const reweight_names[] = {"mean1", "literal", "off", NULL};
static const char *const image_map_names[] = {"fused", "vad", NULL};
static const char *const image_max_names[] = {"grid", "resized", NULL};
static const char *const fusion_names[] = {"harmonic", "arithmetic", "geometric", "standard", NULL};
static const char *const image_fusion_names[] = {"harmonic", "arithmetic", "best", NULL};
static const char *const mask_resize_names[] = {"nearest", "bilinear", NULL};
static const char *const metric_size_names[] = {"R", "native", NULL};
const char *const job_aupro_names[] = {"exact8", "steps200", "steps200up", NULL};
static const char *const branch_names[] = {"vad", "pad", NULL};
static const char *const group_names[] = {"image", "foreground", "background", "components", NULL};
static const char *const ahp_order_names[] = {"alternate", "states", "replacements", NULL}; /* prompts_ahp_order_t */
static const char *const loss_names[] = {"clip", "trip", "mean", "reg", NULL};
const char *const job_head_names[] = {"pixel", "image", NULL};
static const char *const sweep_names[] = {"product", "one-at-a-time", "list", NULL};

#define AT(field) offsetof(job_t, field)

const io_option_t job_options[] = {
    {"name", IO_STRING, AT(name), "run", 0, 0, NULL, "name of the run: its folder below output", JOB_STAGE_NONE},
    {"output", IO_STRING, AT(output), "results", 0, 0, NULL, "folder of runs and of the feature cache", JOB_STAGE_NONE},
    {"protocol", IO_CHOICE, AT(protocol), "strict", 0, 0, job_protocol_names,
     "a reading by one word, of keys that are not set: strict, paper (as printed), published (as the published code: "
     "what "
     "uses test labels is stored apart, as an oracle); METHOD.md 11",
     JOB_STAGE_NONE},
    {"dataset", IO_STRING_LIST, AT(dataset), NULL, 0, 0, data_datasets, "datasets", JOB_STAGE_NONE},
    {"category", IO_STRING_LIST, AT(category), "", 0, 0, NULL, "categories; empty: all that the dataset's folder has",
     JOB_STAGE_NONE},
    {"data_root", IO_STRING, AT(data_root), "datasets/data", 0, 0, NULL, "folder with one folder a dataset",
     JOB_STAGE_NONE},
    {"roots", IO_TEXT_MAP, AT(roots), "", 0, 0, data_datasets,
     "folders of datasets that do not lie at data_root/<dataset>: {mvtec: /data/mvtec_ad}", JOB_STAGE_NONE},
    {"assets", IO_STRING, AT(assets), "datasets", 0, 0, NULL,
     "folder with mfsc/, fewshot/ and models/; where it is not in the current folder: FGAD_ASSETS of the "
     "environment, or what lies with the program",
     JOB_STAGE_NONE},
    {"shots", IO_INT_LIST, AT(shots), "1, 2, 4", 0, 10000, NULL, "training images a category (0: winclip, musc)",
     JOB_STAGE_NONE},
    {"seeds", IO_INT_LIST, AT(seeds), "0", 0, 2e9, NULL, "seeds of the draw of shots and of everything random",
     JOB_STAGE_NONE},
    {"fewshot", IO_STRING, AT(fewshot), "nested", 0, 0, NULL,
     "nested (by seed: 1 shot is the first of 2), draw (by seed, every number of shots for itself), published "
     "(assets/fewshot/<dataset>.yaml) or the path of a list file",
     JOB_STAGE_NONE},
    {"views", IO_CHOICE, AT(views), "C1", 0, 0, job_view_names, "Real-IAD: the camera view, or all five",
     JOB_STAGE_FEATURES},
    {"tree", IO_CHOICE, AT(tree), "auto", 0, 0, job_tree_names,
     "Real-IAD: which size of its images (realiad_<tree>); auto: the only one there is", JOB_STAGE_FEATURES},
    {"bit_depth", IO_INT, AT(bit_depth), "16", 8, 16, NULL,
     "bits that 16-bit images use (12 of a 12-bit camera), of which the upper 8 are taken; data check tells",
     JOB_STAGE_FEATURES},
    {"exif", IO_CHOICE, AT(exif), "ignore", 0, 0, exif_names,
     "EXIF orientation: ignore (rows as they lie in the file, as benchmarks do) or apply (turn images upright)",
     JOB_STAGE_FEATURES},
    {"unlabelled", IO_STRING, AT(unlabelled), "unlabelled", 0, 0, NULL,
     "folder of test/ that nobody has labelled: its images are in no number, fgad predict scores them (own images and "
     "MVTec-AD's layout)",
     JOB_STAGE_NONE},
    {"model", IO_STRING, AT(model), "auto", 0, 0, NULL,
     "folder of a CLIP in open_clip's layout (open_clip_config.json, open_clip_model.safetensors), or of a DINOv2 in "
     "transformers' for methods without prompts; auto: "
     "assets/models/demo-clip for the demo, assets/models/vit-b-16-plus-240 for other datasets",
     JOB_STAGE_NONE},
    {"image_size", IO_INT, AT(image_size), "0", 0, 4096, NULL,
     "pixels a side of the images that the tower sees, a multiple of its patch (positions are interpolated); 0: the "
     "model's own",
     JOB_STAGE_FEATURES},
    {"pre_resize", IO_INT, AT(pre_resize), "0", 0, 8192, NULL,
     "pixels a side that pictures go through first, by OpenCV's bilinear, and masks by its nearest; 0: none",
     JOB_STAGE_FEATURES},
    {"test_channels", IO_CHOICE, AT(test_channels), "rgb", 0, 0, channel_names,
     "order in which the tower sees the channels of test images; training images are rgb", JOB_STAGE_FEATURES},
    {"test_shots", IO_CHOICE, AT(test_shots), "excluded", 0, 0, test_shot_names,
     "shots that are test images, too (Real-IAD without split files): excluded from the test, or included",
     JOB_STAGE_MAPS},
    {"test_maskless", IO_CHOICE, AT(test_maskless), "counted", 0, 0, maskless_names,
     "anomalous test images without a mask, where others have one: counted and reported, or dropped", JOB_STAGE_MAPS},
    {"memory_taps", IO_STRING_LIST, AT(memory_taps), "", 0, 0, NULL,
     "two points N.attn or N.mlp of the image tower that feed the memory; empty: what the model's fgad.yaml "
     "says, else 3.attn, 8.attn",
     JOB_STAGE_FEATURES},
    {"features", IO_CHOICE, AT(features), "f32", 0, 0, feature_names, "number format of the feature cache",
     JOB_STAGE_FEATURES},
    {"precision", IO_CHOICE, AT(precision), "f32", 0, 0, precision_names,
     "of the towers' products with their weights: bf16 rounds both factors to bfloat16 and sums in float32, on "
     "processors with AVX512_BF16 or AMX and where the program was built with oneDNN; other features and heads than "
     "f32's",
     JOB_STAGE_FEATURES},
    {"chunk", IO_INT, AT(chunk), "16", 1, 4096, NULL, "test images a file of the feature cache", JOB_STAGE_NONE},
    {"method", IO_CHOICE, AT(method), "finegrainedad", 0, 0, job_method_names, "what is evaluated", JOB_STAGE_PROMPTS},
    {"branches", IO_STRING_LIST, AT(branches), "vad, pad", 0, 0, branch_names,
     "vad (memory), pad (prompts), or both, fused", JOB_STAGE_MAPS},
    {"learn", IO_BOOL, AT(learn), "true", 0, 0, NULL, "learn prompts; false: handcrafted prompts alone",
     JOB_STAGE_PROMPTS},
    {"groups", IO_STRING_LIST, AT(groups), "image, foreground, background, components", 0, 0, group_names,
     "levels of prompts in use; image alone is the single-level baseline", JOB_STAGE_PROMPTS},
    {"n_ahp", IO_INT, AT(n_ahp), "8", 1, 1000, NULL, "abnormal handcrafted prompts a group, at most",
     JOB_STAGE_PROMPTS},
    {"n_ahp_component", IO_INT, AT(n_ahp_component), "0", 0, 1000, NULL,
     "abnormal handcrafted prompts of a component's group, at most; 0: n_ahp", JOB_STAGE_PROMPTS},
    {"ahp_order", IO_CHOICE, AT(ahp_order), "alternate", 0, 0, ahp_order_names,
     "which of them come first: alternate (a value replaced, a state, in turn), states, replacements",
     JOB_STAGE_PROMPTS},
    {"n_ab", IO_INT, AT(n_ab), "4", 0, 1000, NULL, "abnormal learnable prompts a group", JOB_STAGE_PROMPTS},
    {"alp", IO_CHOICE, AT(alp), "replace", 0, 0, alp_names,
     "abnormal learnable prompts have vectors in place of the body's values (replace), or before its noun (insert)",
     JOB_STAGE_PROMPTS},
    {"alp_vectors", IO_CHOICE, AT(alp_vectors), "own", 0, 0, alp_vector_names,
     "each group has its own, gated in components, or all share one set (with alp: insert)", JOB_STAGE_PROMPTS},
    {"n_ctx", IO_INT, AT(n_ctx), "4", 0, 32, NULL, "learnable vectors V in front of every prompt", JOB_STAGE_PROMPTS},
    {"n_ctx_ab", IO_INT, AT(n_ctx_ab), "1", 1, 16, NULL, "learnable vectors a replaced value", JOB_STAGE_PROMPTS},
    {"ctx_init", IO_STRING, AT(ctx_init), "random", 0, 0, NULL,
     "random, or words whose embeddings V starts from, as 'a photo of a'", JOB_STAGE_PROMPTS},
    {"heads", IO_STRING_LIST, AT(heads), "pixel, image", 0, 0, job_head_names,
     "heads of the prompt branch: pixel (the map), image (the score of the whole image)", JOB_STAGE_MAPS},
    {"pixel.n_pro", IO_INT, AT(pixel_n_pro), "1", 1, 16, NULL, "copies of every prompt, pixel head", JOB_STAGE_PROMPTS},
    {"pixel.epochs", IO_INT, AT(pixel_epochs), "100", 0, 100000, NULL, "learning epochs, pixel head",
     JOB_STAGE_PROMPTS},
    {"pixel.groups", IO_STRING_LIST, AT(pixel_groups), "", 0, 0, group_names,
     "levels of the pixel head; empty: groups. image alone: no regions and no loss reg", JOB_STAGE_PROMPTS},
    {"pixel.losses", IO_STRING_LIST, AT(pixel_losses), "", 0, 0, loss_names, "those of the pixel head; empty: losses",
     JOB_STAGE_PROMPTS},
    {"pixel.epsilon", IO_DOUBLE, AT(pixel_epsilon), "-1", -1, 100, NULL, "that of the pixel head; -1: epsilon",
     JOB_STAGE_PROMPTS},
    {"image.n_pro", IO_INT, AT(image_n_pro), "3", 1, 16, NULL, "copies of every prompt, image head", JOB_STAGE_PROMPTS},
    {"image.epochs", IO_INT, AT(image_epochs), "50", 0, 100000, NULL, "learning epochs, image head", JOB_STAGE_PROMPTS},
    {"image.groups", IO_STRING_LIST, AT(image_groups), "", 0, 0, group_names,
     "levels of the image head; empty: groups. Scores read its image level alone; the others, most of its time, act "
     "through the vectors V that all share and through the loss reg, which image alone has not",
     JOB_STAGE_PROMPTS},
    {"image.losses", IO_STRING_LIST, AT(image_losses), "", 0, 0, loss_names, "those of the image head; empty: losses",
     JOB_STAGE_PROMPTS},
    {"image.epsilon", IO_DOUBLE, AT(image_epsilon), "-1", -1, 100, NULL, "that of the image head; -1: epsilon",
     JOB_STAGE_PROMPTS},
    {"losses", IO_STRING_LIST, AT(losses), "clip, trip, mean, reg", 0, 0, loss_names, "terms of the loss in use",
     JOB_STAGE_PROMPTS},
    {"triplet", IO_CHOICE, AT(triplet), "euclid", 0, 0, triplet_names,
     "distances of the triplet loss: euclid (METHOD.md 7), published (squares; pixel head: per image and channel)",
     JOB_STAGE_PROMPTS},
    {"epsilon", IO_DOUBLE, AT(epsilon), "1", 0, 100, NULL, "margin of the triplet loss", JOB_STAGE_PROMPTS},
    {"lambda_mean", IO_DOUBLE, AT(lambda_mean), "0.001", 0, 1e6, NULL, "weight of the mean loss", JOB_STAGE_PROMPTS},
    {"lambda_reg", IO_DOUBLE, AT(lambda_reg), "1", 0, 1e6, NULL, "weight of the regulariser", JOB_STAGE_PROMPTS},
    {"reg_sum", IO_CHOICE, AT(reg_sum), "normalised", 0, 0, reg_names,
     "the regulariser's sum over components: of length 1, or plain, as printed", JOB_STAGE_PROMPTS},
    {"gamma", IO_DOUBLE, AT(gamma), "1.5", 0, 1000, NULL, "extra weight of a token inside its group's region",
     JOB_STAGE_PROMPTS},
    {"aggregation.centers", IO_CHOICE, AT(aggregation_centers), "language", 0, 0, center_names,
     "cluster centres chosen by caption anchors, or by density (DPC-KNN)", JOB_STAGE_REGIONS},
    {"aggregation.reference", IO_CHOICE, AT(aggregation_reference), "similarity", 0, 0, reference_names,
     "distances between similarities to the anchors, or between features", JOB_STAGE_REGIONS},
    {"aggregation.stages", IO_INT, AT(aggregation_stages), "2", 1, 2, NULL,
     "two: background first, then components; one: all at once", JOB_STAGE_REGIONS},
    {"aggregation.scale", IO_INT, AT(aggregation_scale), "4", 1, 4, NULL,
     "tiles a side of the enlarged training image: 4, 2 or 1", JOB_STAGE_REGIONS},
    {"logit_scale", IO_STRING, AT(logit_scale), "raw", 0, 0, NULL,
     "temperature t: raw (the stored parameter), exp (of it), or a number", JOB_STAGE_PROMPTS},
    {"lr", IO_DOUBLE, AT(lr), "0.002", 0, 100, NULL, "learning rate of SGD", JOB_STAGE_PROMPTS},
    {"lr_min", IO_DOUBLE, AT(lr_min), "1e-5", 0, 100, NULL, "learning rate at the end of the cosine schedule",
     JOB_STAGE_PROMPTS},
    {"momentum", IO_DOUBLE, AT(momentum), "0.9", 0, 1, NULL, "momentum of SGD", JOB_STAGE_PROMPTS},
    {"weight_decay", IO_DOUBLE, AT(weight_decay), "5e-4", 0, 10, NULL, "weight decay of SGD", JOB_STAGE_PROMPTS},
    {"query_former.steps", IO_INT, AT(query_steps), "300", 1, 100000, NULL, "Adam steps of the query former",
     JOB_STAGE_PROMPTS},
    {"query_former.lr", IO_DOUBLE, AT(query_lr), "0.003", 0, 10, NULL, "Adam's learning rate of the query former",
     JOB_STAGE_PROMPTS},
    {"query_former.keep", IO_BOOL, AT(query_keep), "false", 0, 0, NULL,
     "keep its weights (ten E x E matrices a head), which nothing but a replay of its training reads", JOB_STAGE_NONE},
    {"retrieval", IO_CHOICE, AT(retrieval), "auto", 0, 0, retrieval_names,
     "how a token finds its group: query_former, bisector (what it tends to, in closed form), normal (anchors), auto: "
     "query_former when learning",
     JOB_STAGE_MAPS},
    {"token_wise", IO_BOOL, AT(token_wise), "true", 0, 0, NULL,
     "score a token against its own group; false: mean over groups", JOB_STAGE_MAPS},
    {"reweight", IO_CHOICE, AT(reweight), "mean1", 0, 0, reweight_names,
     "re-weighting of the prompt map by the image group: mean1, literal (as printed), off", JOB_STAGE_MAPS},
    {"fusion", IO_CHOICE, AT(fusion), "harmonic", 0, 0, fusion_names,
     "how the two maps become one: harmonic, arithmetic, geometric mean, or standard: the mean of both over their "
     "0.95-quantile on the support images (2 shots or more)",
     JOB_STAGE_MAPS},
    {"image_map", IO_CHOICE, AT(image_map), "fused", 0, 0, image_map_names, "map whose maximum enters the image score",
     JOB_STAGE_MAPS},
    {"image_max", IO_CHOICE, AT(image_max), "grid", 0, 0, image_max_names,
     "the maximum is that of the map's tokens (grid), or of the map resized to R x R, before smoothing",
     JOB_STAGE_MAPS},
    {"image_fusion", IO_CHOICE, AT(image_fusion), "harmonic", 0, 0, image_fusion_names,
     "how it becomes one number with the class token's score: harmonic or arithmetic mean; best: harmonic, and beside "
     "it, "
     "as an oracle, the better of the two by the test labels (fgad audit)",
     JOB_STAGE_MAPS},
    {"class_token", IO_CHOICE, AT(class_token), "image", 0, 0, class_token_names,
     "the class token is scored against the group image, or against the group that it is matched to", JOB_STAGE_MAPS},
    {"texts", IO_CHOICE, AT(texts), "name", 0, 0, text_names,
     "winclip, winclip+, promptad: prompts of the category's name, or of the sentences of its caption (mfsc)",
     JOB_STAGE_PROMPTS},
    {"promptad.states", IO_CHOICE, AT(promptad.states), "own", 0, 0, state_names,
     "abnormal states: own (the general ones, then the caption's), general", JOB_STAGE_PROMPTS},
    {"winclip.class_names", IO_CHOICE, AT(winclip.class_names), "mapped", 0, 0, class_names,
     "the category in words, or as it is written", JOB_STAGE_PROMPTS},
    {"winclip.templates", IO_CHOICE, AT(winclip.templates), "22", 0, 0, template_names,
     "sentences around the class name: 22, or the 21 lines of the public code", JOB_STAGE_PROMPTS},
    {"inctrl_residual.taps", IO_STRING_LIST, AT(inctrl.taps), "7/12.mlp, 9/12.mlp, 11/12.mlp", 0, 0, NULL,
     "points of the image tower", JOB_STAGE_MAPS},
    {"april_vad.taps", IO_STRING_LIST, AT(april.taps), "1/4.mlp, 2/4.mlp, 3/4.mlp, 4/4.mlp", 0, 0, NULL,
     "points of the image tower", JOB_STAGE_MAPS},
    {"april_vad.minmax", IO_BOOL, AT(april.minmax), "true", 0, 0, NULL,
     "scale the map's maximum over the test images, as published; false: each image alone", JOB_STAGE_MAPS},
    {"patchcore.taps", IO_STRING_LIST, AT(patchcore.taps), "", 0, 0, NULL,
     "points of the image tower, side by side; empty: memory_taps", JOB_STAGE_MAPS},
    {"patchcore.unit", IO_BOOL, AT(patchcore.unit), "true", 0, 0, NULL, "features of length 1; false: raw",
     JOB_STAGE_MAPS},
    {"patchcore.patch", IO_INT, AT(patchcore.patch), "3", 1, 15, NULL,
     "tokens a side of the neighbourhood whose mean a token becomes, odd", JOB_STAGE_MAPS},
    {"patchcore.coreset", IO_DOUBLE, AT(patchcore.coreset), "1", 0, 1, NULL, "share of the memory that is kept",
     JOB_STAGE_MAPS},
    {"patchcore.score_neighbours", IO_INT, AT(patchcore.score_neighbours), "0", 0, 1000, NULL,
     "members that re-weight the image score, 9 in the paper; 0: as its code, none", JOB_STAGE_MAPS},
    {"spade.taps", IO_STRING_LIST, AT(spade.taps), "", 0, 0, NULL, "points of the image tower; empty: memory_taps",
     JOB_STAGE_MAPS},
    {"padim.taps", IO_STRING_LIST, AT(padim.taps), "", 0, 0, NULL,
     "points of the image tower, side by side; empty: memory_taps", JOB_STAGE_MAPS},
    {"padim.dims", IO_INT, AT(padim.dims), "100", 1, 100000, NULL, "channels that are drawn", JOB_STAGE_MAPS},
    {"subspace.feature", IO_STRING, AT(subspace.feature), "mean(7/12.mlp..9/12.mlp)", 0, 0, NULL,
     "array of the image tower", JOB_STAGE_MAPS},
    {"subspace.variance", IO_DOUBLE, AT(subspace.variance), "0.99", 0, 1, NULL,
     "share of the variance that the subspace holds", JOB_STAGE_MAPS},
    {"subspace.turns", IO_INT, AT(subspace.turns), "0", 0, 360, NULL,
     "views of each support image that the subspace is fitted to, as anomalydino.turns; published: 30, drawn",
     JOB_STAGE_MAPS},
    {"anomalydino.feature", IO_STRING, AT(anomalydino.feature), "final", 0, 0, NULL, "array of the image tower",
     JOB_STAGE_MAPS},
    {"anomalydino.mask", IO_CHOICE, AT(anomalydino.mask), "off", 0, 0, mask_names,
     "tokens outside the object score 0: published (DINOv2's threshold, in the published categories), otsu "
     "(everywhere)",
     JOB_STAGE_MAPS},
    {"anomalydino.turns", IO_INT, AT(anomalydino.turns), "0", 0, 360, NULL,
     "views of each support image that the memory is of, evenly turned through 360 degrees; published: 8; 0: the image "
     "as it is",
     JOB_STAGE_MAPS},
    {"musc.taps", IO_STRING_LIST, AT(musc.taps), "1/4.mlp, 2/4.mlp, 3/4.mlp, 4/4.mlp", 0, 0, NULL,
     "points of the image tower", JOB_STAGE_MAPS},
    {"musc.subset", IO_INT, AT(musc.subset), "0", 0, 1000000, NULL,
     "images that score one another, at most; 0: all of a category", JOB_STAGE_MAPS},
    {"musc.neighbours", IO_INT_LIST, AT(musc.neighbours), "1, 2, 3", 1, 1000000, NULL,
     "numbers of nearest images over which image scores are smoothed; published: 1, 8, 9 for VisA", JOB_STAGE_MAPS},
    {"resolution", IO_INT, AT(resolution), "400", 1, 8192, NULL, "R: maps and masks are compared at R x R pixels",
     JOB_STAGE_METRICS},
    {"sigma", IO_DOUBLE, AT(sigma), "4", 0, 100, NULL, "smoothing of the full-size map, in pixels", JOB_STAGE_METRICS},
    {"metric_size", IO_CHOICE, AT(metric_size), "R", 0, 0, metric_size_names, "R x R, or native: each image's own size",
     JOB_STAGE_METRICS},
    {"metric_memory", IO_STRING, AT(metric_memory), "1GB", 0, 0, NULL,
     "memory of pixel metrics, e.g. 200MB; more pixels go through files, with the same result", JOB_STAGE_NONE},
    {"feature_memory", IO_STRING, AT(feature_memory), "512MB", 0, 0, NULL,
     "features of one category that a rank keeps in memory between its evaluations, e.g. 2GB; 0: none", JOB_STAGE_NONE},
    {"learn_memory", IO_STRING, AT(learn_memory), "auto", 0, 0, NULL,
     "activations that learning keeps for the gradient, e.g. 2GB; what does not fit is computed again: slower, same "
     "bits; auto: half of a rank's share of its node's memory, fgad plan says how much",
     JOB_STAGE_NONE},
    {"aupro_limit", IO_DOUBLE, AT(aupro_limit), "0.3", 0.001, 1, NULL, "false-positive rate to which AUPRO integrates",
     JOB_STAGE_METRICS},
    {"aupro", IO_CHOICE, AT(aupro), "exact8", 0, 0, job_aupro_names,
     "exact8: MVTec's definition; steps200: 200 thresholds from the highest score down, as PromptAD's code, to compare "
     "with its tables; steps200up: from the lowest up, as the WinCLIP port's",
     JOB_STAGE_METRICS},
    {"mask_threshold", IO_INT, AT(mask_threshold), "-1", -1, 65534, NULL,
     "a mask's pixel is anomalous above this value; -1: the dataset's own rule (127; VisA 0)", JOB_STAGE_METRICS},
    {"mask_resize", IO_CHOICE, AT(mask_resize), "nearest", 0, 0, mask_resize_names,
     "masks at R x R: nearest, by pixel centres, or bilinear, averaged and above a half, as WinCLIP's public port",
     JOB_STAGE_METRICS},
    {"threads", IO_INT, AT(threads), "1", 1, 1024, NULL,
     "threads a rank, which share the images of a chunk and the prompts of a head; no bit of a result depends on it",
     JOB_STAGE_NONE},
    {"checkpoint_every", IO_INT, AT(checkpoint_every), "10", 1, 100000, NULL,
     "epochs between checkpoints of a task in learning", JOB_STAGE_NONE},
    {"track_epochs", IO_INT, AT(track_epochs), "0", 0, 100000, NULL,
     "store test metrics every N epochs, as an oracle reported apart; 0: never", JOB_STAGE_PROMPTS},
    {"max_attempts", IO_INT, AT(max_attempts), "3", 1, 1000, NULL, "runs in which a failed task is tried again",
     JOB_STAGE_NONE},
    {"sweep_mode", IO_CHOICE, AT(sweep_mode), "product", 0, 0, sweep_names,
     "product of the swept axes, one axis at a time around the job's values, or list: sweep is a list of points",
     JOB_STAGE_NONE},
    {"sweep", IO_SWEEP, AT(sweep), "", 0, 0, NULL,
     "grid: a list of values for each swept key, {epsilon: [0, 1], branches: [[vad], [vad, pad]]}, or (list) the "
     "points: "
     "[{method: promptad}, {gamma: 0, token_wise: false}]",
     JOB_STAGE_NONE},
    {0},
};

bool job_has(const io_names_t *list, const char *name)
{
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->name[i], name) == 0) return true;
    return false;
}

bool job_head_wanted(const job_t *job, job_head_t head)
{
    return job_has(&job->branches, "pad") && job_has(&job->heads, job_head_names[head]);
}

const io_names_t *job_head_groups(const job_t *job, job_head_t head)
{
    const io_names_t *own = head == JOB_HEAD_PIXEL ? &job->pixel_groups : &job->image_groups;
    return own->count > 0 ? own : &job->groups;
}

const io_names_t *job_head_losses(const job_t *job, job_head_t head)
{
    const io_names_t *own = head == JOB_HEAD_PIXEL ? &job->pixel_losses : &job->image_losses;
    return own->count > 0 ? own : &job->losses;
}

double job_head_epsilon(const job_t *job, job_head_t head)
{
    const double own = head == JOB_HEAD_PIXEL ? job->pixel_epsilon : job->image_epsilon;
    return own >= 0 ? own : job->epsilon;
}

bool job_queries(const job_t *job)
{
    return job->retrieval == JOB_RETRIEVAL_QUERY_FORMER || (job->retrieval == JOB_RETRIEVAL_AUTO && job->learn);
}

status_t job_logit_scale(double *t, const job_t *job, double stored)
{
    if (strcmp(job->logit_scale, "raw") == 0) return *t = stored, ST_OK;
    if (strcmp(job->logit_scale, "exp") == 0) return *t = exp(stored), ST_OK;
    const char *end = base_number(t, job->logit_scale);
    if (end == NULL || *end != '\0' || *t <= 0)
        return fail(ST_EFORMAT, "logit_scale is '%s', expected raw, exp or a number above 0", job->logit_scale);
    return ST_OK;
}

static status_t parse_bytes(size_t *bytes, const char *key, const char *text, size_t least)
{
    static const struct {
        const char *unit;
        double bytes;
    } units[] = {{"", 1}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}};
    double number = 0;
    const char *unit = base_number(&number, text);
    while (unit != NULL && *unit == ' ') unit++;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (unit != NULL && strcmp(unit, units[i].unit) == 0 && number >= 0 && number < 1e9) {
            *bytes = (size_t)(number * units[i].bytes);
            if (*bytes == 0 || *bytes >= least) return ST_OK;
        }
    if (least > 0)
        return fail(ST_EFORMAT, "%s is '%s', expected a size of at least 66KB, as 200MB or 1GB, or 0 for no limit", key,
                    text);
    return fail(ST_EFORMAT, "%s is '%s', expected a size, as 200MB or 1GB, or 0 for none", key, text);
}

status_t job_metric_memory(size_t *bytes, const job_t *job)
{
    return parse_bytes(bytes, "metric_memory", job->metric_memory, 65536);
}

status_t job_feature_memory(size_t *bytes, const job_t *job)
{
    return parse_bytes(bytes, "feature_memory", job->feature_memory, 0);
}

/* Below the least a head computes nearly all layers twice; no head of a published category has use for more than the most. */
#define LEARN_LEAST_MB 128
#define LEARN_MOST_MB 8000
#define LEARN_UNTOLD_MB 768

int job_learn_memory_share(int ranks)
{
    const double mb = 1e-6 * (double)base_memory() / ranks / 2;
    return mb < LEARN_LEAST_MB ? LEARN_LEAST_MB : mb > LEARN_MOST_MB ? LEARN_MOST_MB : (int)mb;
}

status_t job_learn_memory(size_t *bytes, const job_t *job)
{
    if (strcmp(job->learn_memory, "auto") == 0) return *bytes = job->learn_memory_auto, ST_OK;
    return parse_bytes(bytes, "learn_memory", job->learn_memory, 0);
}

/* model: auto becomes a folder, so that what a run records is what it used. */
static status_t resolve_model(job_t *job)
{
    if (strcmp(job->model, "auto") != 0) return ST_OK;
    bool demo = job->dataset.count == 1 && strcmp(job->dataset.name[0], "demo") == 0;
    char *folder = base_format("%s/models/%s", job->assets, demo ? "demo-clip" : "vit-b-16-plus-240");
    if (folder == NULL) return ST_ENOMEM;
    free(job->model);
    job->model = folder;
    return ST_OK;
}

/* The list of one name. */
static status_t set_list(io_names_t *list, const char *name)
{
    io_names_free(list);
    list->name = base_alloc(1, sizeof *list->name);
    char *copy = base_format("%s", name);
    if (list->name == NULL || copy == NULL) {
        free(copy);
        return ST_ENOMEM;
    }
    list->name[0] = copy;
    list->count = 1;
    return ST_OK;
}

static bool is_set(const bool *used, const char *name)
{
    int row = 0;
    while (strcmp(job_options[row].name, name) != 0) row++;
    return used[row];
}

/* What a method does in one way alone stands so in the resolved job, whatever its file says; PromptAD's own defaults hold
 * where the file says nothing. */
static status_t resolve_method(job_t *job, const bool *used)
{
    const char *method = job_method_names[job->method];
    if (strcmp(method, "finegrainedad") == 0) return ST_OK;
    if (strcmp(method, "promptad") != 0) {
        job->learn = false;
        return set_list(&job->branches, "vad");
    }
    job->retrieval = JOB_RETRIEVAL_NORMAL;
    job->token_wise = true;
    if (!is_set(used, "reweight")) job->reweight = JOB_REWEIGHT_OFF;
    if (!is_set(used, "image_map")) job->image_map = JOB_IMAGE_MAP_VAD;
    if (!is_set(used, "epsilon")) job->epsilon = 0;
    io_names_free(&job->pixel_groups);
    io_names_free(&job->image_groups);
    return set_list(&job->groups, "image");
}

/* A list of points is a list, whatever else the file says. */
static status_t resolve_sweep(job_t *job)
{
    if (job->sweep.points > 0) job->sweep_mode = JOB_SWEEP_LIST;
    if (job->sweep_mode != JOB_SWEEP_LIST || job->sweep.count == 0) return ST_OK;
    return fail(ST_EFORMAT,
                "sweep_mode is list, but sweep has axes, as '%s', expected points: [{%s: %s}, ...] (hint: product, or "
                "one-at-a-time)",
                job->sweep.key[0], job->sweep.key[0], job->sweep.values[0].name[0]);
}

/* The levels that a key names. */
static status_t check_groups(const io_names_t *groups, const char *key)
{
    if (!job_has(groups, "image"))
        return fail(ST_EFORMAT, "%s: 'image' is missing (re-weighting and the image score need it)", key);
    if (groups->count == 1 || (groups->count >= 3 && job_has(groups, "background") && job_has(groups, "components")))
        return ST_OK;
    return fail(ST_EFORMAT,
                "%s: %d levels are named, expected image alone, or image, background, components, with or without "
                "foreground",
                key, groups->count);
}

static status_t check_job(const job_t *job)
{
    double t;
    char known[256];
    data_name_datasets(known);
    if (job->dataset.count == 0) return fail(ST_EFORMAT, "dataset: nothing is named (expected some of: %s)", known);
    if (job->shots.count == 0) return fail(ST_EFORMAT, "shots: the list is empty (expected at least one number)");
    if (job->seeds.count == 0) return fail(ST_EFORMAT, "seeds: the list is empty (expected at least one number)");
    if (job->branches.count == 0) return fail(ST_EFORMAT, "branches: the list is empty (expected vad, pad or both)");
    TRY(check_groups(&job->groups, "groups"));
    if (job->pixel_groups.count > 0) TRY(check_groups(&job->pixel_groups, "pixel.groups"));
    if (job->image_groups.count > 0) TRY(check_groups(&job->image_groups, "image.groups"));
    if (job->alp_vectors == JOB_ALP_SHARED && job->alp != JOB_ALP_INSERT)
        return fail(ST_EFORMAT, "alp_vectors: shared wants alp: insert: bodies differ in the number of their values");
    if (job_has(&job->branches, "pad") && job->heads.count == 0)
        return fail(ST_EFORMAT, "heads: the list is empty (expected pixel, image or both, or branches: [vad])");
    if (job->branches.count == 1 && job_has(&job->branches, "pad") && !job_has(&job->heads, "pixel"))
        return fail(ST_EFORMAT, "heads: without 'pixel' and without the branch 'vad' there is no map");
    TRY(job_taps_count(&job->memory_taps));
    const bool both = job->branches.count > 1 && job_has(&job->heads, "pixel");
    for (int i = 0; i < job->shots.count && both && job->fusion == JOB_FUSION_STANDARD; i++)
        if (job->shots.value[i] == 1)
            return fail(ST_EFORMAT,
                        "fusion: standard measures VAD on a shot by the others, and shots has 1 (hint: shots=2,4)");
    if (!(job->patchcore.coreset > 0))
        return fail(ST_EFORMAT, "patchcore.coreset is 0, expected a share above 0, up to 1");
    if (job->patchcore.patch % 2 == 0)
        return fail(ST_EFORMAT, "patchcore.patch is %d, expected an odd number", job->patchcore.patch);
    if (job->aggregation_scale == 3) return fail(ST_EFORMAT, "aggregation.scale is 3, expected 4, 2 or 1");
    TRY(job_check_name(job->name));
    size_t bytes;
    TRY(job_metric_memory(&bytes, job));
    TRY(job_feature_memory(&bytes, job));
    TRY(job_learn_memory(&bytes, job));
    return job_logit_scale(&t, job, 1);
}

/* assets, where neither the job nor an assignment says. */
static status_t find_assets(job_t *job, const bool *used)
{
    for (int i = 0; job_options[i].name != NULL; i++)
        if (strcmp(job_options[i].name, "assets") == 0 && used[i]) return ST_OK;
    char *found = io_assets();
    if (found == NULL) return ST_ENOMEM;
    free(job->assets);
    job->assets = found;
    return ST_OK;
}

status_t job_raw_read(job_raw_t *out, const char *path, const char *const *assignments, int count)
{
    status_t status;
    job_t *job = &out->job;
    *out = (job_raw_t){.job = {.learn_memory_auto = (size_t)LEARN_UNTOLD_MB * 1000000}, .path = path};
    out->used = calloc(sizeof job_options / sizeof job_options[0], sizeof *out->used);
    if (out->used == NULL) return fail(ST_ENOMEM, "out of memory");
    TRY_DONE(io_options_init(job, job_options));
    if (path != NULL) TRY_DONE(io_options_read_yaml(job, job_options, out->used, path));
    for (int i = 0; i < count; i++) TRY_DONE(io_options_set(job, job_options, out->used, assignments[i], "-s"));
    TRY_DONE(io_options_check_required(job_options, out->used, path != NULL ? path : "-s"));
    status = job_expand(job, job_options);
    if (status != ST_OK && path != NULL) fail_context(status, "%s", path);
    TRY_DONE(status);
    TRY_DONE(find_assets(job, out->used));
    TRY_DONE(resolve_model(job));
    status = job_taps_resolve(job);
done:
    if (status != ST_OK) job_raw_free(out);
    return status;
}

void job_raw_free(job_raw_t *raw)
{
    job_free(&raw->job);
    free(raw->used);
    raw->used = NULL;
}

status_t job_raw_resolve(job_t *out, job_raw_t *raw, const char *const *keys, int count)
{
    status_t status;
    const size_t rows = sizeof job_options / sizeof job_options[0];
    *out = raw->job; /* fields of no row */
    bool *used = base_alloc(rows, sizeof *used);
    status = io_options_copy(out, &raw->job, job_options);
    if (status == ST_OK && used == NULL) status = ST_ENOMEM;
    TRY_DONE(status);
    memcpy(used, raw->used, rows * sizeof *used);
    for (int i = 0; i < count; i++) TRY_DONE(io_options_set(out, job_options, used, keys[i], "-s"));
    if (count > 0) TRY_DONE(job_check_plain(out, job_options));
    TRY_DONE(job_protocol_apply(out, job_options, used));
    TRY_DONE(job_keep_given(out, job_options, used));
    TRY_DONE(resolve_method(out, used));
    status = resolve_sweep(out);
    if (status == ST_OK) status = check_job(out);
    if (status != ST_OK && raw->path != NULL) fail_context(status, "%s", raw->path);
done:
    free(used);
    if (status != ST_OK) job_free(out);
    return status;
}

status_t job_read(job_t *out, const char *path, const char *const *assignments, int count)
{
    job_raw_t raw;
    *out = (job_t){0};
    TRY(job_raw_read(&raw, path, assignments, count));
    status_t status = job_raw_resolve(out, &raw, NULL, 0);
    job_raw_free(&raw);
    return status;
}

void job_free(job_t *job)
{
    io_options_free(job, job_options);
    free(job->given);
    *job = (job_t){0};
}
