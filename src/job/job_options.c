/* The table of all options, and what a job says by several of them. */
#include "job/job_internal.h"

#include <math.h>
#include <string.h>

const char *const job_view_names[] = {"C1", "C2", "C3", "C4", "C5", "all", NULL};
const char *const job_tree_names[] = {"auto", "256", "512", "1024", "raw", NULL};
static const char *const exif_names[] = {"ignore", "apply", NULL};
static const char *const feature_names[] = {"f32", "f16", NULL};
const char *const job_precision_names[] = {"f32", "bf16", "strassen", NULL};
#define METHOD_NAME(symbol, name) name,
const char *const job_method_names[] = {JOB_METHODS(METHOD_NAME) NULL};
static const char *const triplet_names[] = {"euclid", "published", NULL};
static const char *const state_names[] = {"own", "general", NULL};
static const char *const text_names[] = {"name", "mfsc", NULL};
static const char *const class_names[] = {"mapped", "raw", NULL};
static const char *const template_names[] = {"22", "winclip21", NULL};
static const char *const mask_names[] = {"off", "published", "otsu", NULL};
static const char *const score_names[] = {"own", "max", "top1", NULL};
static const char *const turned_names[] = {"agnostic", "informed", NULL};
static const char *const turn_names[] = {"even", "drawn", NULL};
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
static const char *const mask_resize_names[] = {"nearest", "bilinear", "whole", NULL};
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
    {"precision", IO_CHOICE, AT(precision), "f32", 0, 0, job_precision_names,
     "of the towers' products with their weights: bf16 rounds both factors to bfloat16 and sums in float32, on "
     "processors with AVX512_BF16 or AMX and where the program was built with oneDNN; strassen multiplies in float32 "
     "with an eighth fewer products, on processors with AVX2 and FMA or AVX-512, with the same bits on each; other "
     "features and heads than f32's",
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
    {"image.epochs", IO_INT, AT(image_epochs), "50", 0, 100000, NULL,
     "learning epochs, image head; without it 100 of promptad, as published", JOB_STAGE_PROMPTS},
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
    {"image_score", IO_CHOICE, AT(image_score), "own", 0, 0, score_names,
     "score of an image: the method's own, the largest value of its map before smoothing (max), or the mean of the "
     "highest 1 % of the map's tokens (top1)",
     JOB_STAGE_MAPS},
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
     "views of each support image that the subspace is fitted to; published: 30, drawn; 0: the image as it is",
     JOB_STAGE_MAPS},
    {"subspace.turn_draw", IO_CHOICE, AT(subspace.turn_draw), "even", 0, 0, turn_names,
     "their angles: even, as anomalydino.turns, or each drawn uniformly from the circle, by the seed (drawn)",
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
    {"anomalydino.turned", IO_CHOICE, AT(anomalydino.turned), "agnostic", 0, 0, turned_names,
     "whose support is turned: of every category (agnostic), or of MVTec-AD's hazelnut and screw alone (informed)",
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
    {"align_corners", IO_BOOL, AT(align_corners), "false", 0, 0, NULL,
     "maps go to full size with the centres of their corners kept, as in the code of MuSc and APRIL-GAN; false: by "
     "pixel centres, as in the others'",
     JOB_STAGE_METRICS},
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
     "masks at R x R: nearest, by pixel centres, or bilinear, averaged and above a half, as WinCLIP's public port, or "
     "whole: "
     "averaged and anomalous through and through, as MuSc's code has MVTec-AD's",
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
