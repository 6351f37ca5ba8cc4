#include "base/base.h"
#include "cli/cli.h"
#include "io/io.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cli_command_t commands[] = {
    {"run", cli_run, "run a job file, alone or under mpirun / srun",
     "usage: fgad run JOB.yaml [-s key=value]... [--dry-run] [--fresh] [--time-limit SECONDS]\n"
     "\n"
     "Runs every task of the job; finished tasks of an earlier run are kept. Under mpirun or srun all ranks share the "
     "work.\n"
     "\n"
     "  -s key=value      override a key of the job (again for more; lists are comma-separated)\n"
     "  --dry-run         check the job and the data, print the plan, do nothing\n"
     "  --no-look         with --dry-run: read the job alone, where data and model lie on other machines\n"
     "  --fresh           set finished tasks aside and do them again (features and learned prompts are kept)\n"
     "  --time-limit S    begin nothing that may end later than S seconds from now; exit 75 with work left\n"
     "  --keys            print every key of a job with its default and meaning\n"
     "\n"
     "Ctrl-C, TERM, HUP, USR1, USR2 or XCPU stop a run after the current step (in learning, an epoch), with a "
     "checkpoint. A\n"
     "second Ctrl-C ends it at once: up to checkpoint_every epochs will be learned again. On Ctrl-C mpirun itself\n"
     "sends TERM to its ranks, kills them a second later, and exits 1; USR1 sent to mpirun leaves them their time.\n"
     "\n"
     "exit codes: 0 done, 1 a task failed, 2 bad input, 3 the launcher could not start, 4 standard output could not "
     "be\n"
     "written, 75 interrupted (run again to go on)\n"
     "\n"
     "examples:\n"
     "  fgad run jobs/demo.yaml\n"
     "  mpirun -n 2 fgad run jobs/demo.yaml -s shots=4 -s seeds=0,1,2\n"
     "  fgad run jobs/demo.yaml -s data_root=/data -s dataset=mvtec -s category=bottle --dry-run\n"},
    {"plan", cli_plan, "predict what a job takes on so many ranks",
     "usage: fgad plan JOB.yaml [--ranks N] [--ranks-per-node M] [--assume] [-s key=value]...\n"
     "\n"
     "Prints the work by kind and how much of it the grid shares, memory of a rank and of a node (weights are shared "
     "by\n"
     "the ranks of a node), bytes on disk, makespan and efficiency, by simulating the scheduler with the rates that\n"
     "earlier runs have measured; runs nothing. Lines \"key: number\" are for programs.\n"
     "\n"
     "  --ranks N           MPI ranks in all (default 1)\n"
     "  --ranks-per-node M  of them on one node (default: all)\n"
     "  --assume            where images or model are missing, take the published numbers and ViT-B/16+\n"
     "  -s key=value        override a key of the job\n"
     "\n"
     "examples:\n"
     "  fgad plan jobs/demo.yaml --ranks 2\n"
     "  fgad plan jobs/demo.yaml -s dataset=mvtec,visa,realiad --ranks 1024 --ranks-per-node 64 --assume\n"},
    {"status", cli_status, "tell what a run has done, is doing and still has to do",
     "usage: fgad status RUN [--all]\n"
     "\n"
     "Looks at the folder of a run, also while it works: tasks done, failed with reason, missing; who works on what,\n"
     "where and since when; when it will be done.\n"
     "\n"
     "  --all             every running item and missing task, not the first few\n"
     "\n"
     "exit codes: 0 complete, 1 all is done but what failed, 2 bad input, 75 work is left\n"
     "\n"
     "examples:\n"
     "  fgad status results/demo\n"},
    {"reduce", cli_reduce, "make the results of a run again from its task files",
     "usage: fgad reduce RUN\n"
     "\n"
     "Writes results.h5 and results.csv again from the task files that are there; names the tasks that are missing.\n"
     "A run does this itself at its end.\n"
     "\n"
     "exit codes: 0 done, 1 tasks are missing, 2 bad input\n"
     "\n"
     "examples:\n"
     "  fgad reduce results/demo\n"},
    {"report", cli_report, "print the tables of a run",
     "usage: fgad report RUN [options]\n"
     "\n"
     "Prints the results of a run (or of a results.csv): mean over seeds and sample standard deviation, in percent; "
     "the\n"
     "mean over categories. What is missing is called missing; a number of fewer seeds or categories bears a *.\n"
     "\n"
     "  --format F        text (default), md, csv, latex (booktabs) or json; csv and json hold fractions, all digits\n"
     "  --dataset D,...   only these; likewise --category C,... --shots N,... --seeds N,...\n"
     "  --point P         only this grid point, or those with the words of it, as epsilon=0.5\n"
     "  --metrics M,...   image_auroc, pixel_auroc, aupro, image_ap, image_f1max, pixel_ap, pixel_f1max,\n"
     "                    sample_auroc, or all\n"
     "  --means           means over categories alone, a line a grid point\n"
     "  --published       the published figures of the same dataset and shots, and ours minus them\n"
     "  --table N         of them, those of table N of the paper\n"
     "  --per-defect      each kind of defect against the normal images, from the stored maps\n"
     "  --bootstrap N     confidence intervals of AUROC over test images, N replicates; --level P (0.95),\n"
     "                    --bootstrap-seed S (0)\n"
     "  --against RUN2    this run minus RUN2, task by task on the same images, with a paired bootstrap;\n"
     "                    --against-point P: RUN2's grid point, where it has several\n"
     "  -s data_root=DIR  where the images lie now (pixels need their masks)\n"
     "  -s assets=DIR     where published/published.json lies, when not where the run had its datasets/\n"
     "\n"
     "examples:\n"
     "  fgad report results/demo\n"
     "  fgad report results/demo --metrics all --format csv > demo.csv\n"
     "  fgad report results/mvtec --shots 4 --published --format latex\n"
     "  fgad report results/demo --against results/demo/rescored/reweight=off --bootstrap 1000\n"},
    {"rescore", cli_rescore, "other fusion, maps or metrics of a run, from its stored maps",
     "usage: fgad rescore RUN [-s key=value]... [--name NAME]\n"
     "\n"
     "Measures the stored maps of a run again with other keys: branches, heads, reweight, image_map, resolution, "
     "sigma,\n"
     "metric_size, aupro, aupro_limit, mask_threshold. No model is needed, only the images' masks. Writes a result "
     "set\n"
     "of its own, RUN/rescored/NAME; the run stays as it is. Keys of learning or features are refused: run the job.\n"
     "\n"
     "  -s key=value         a key of the job; -s sweep.key=v1,v2,... tries each value, several sweeps all pairs\n"
     "  -s sweep_mode=one-at-a-time   one swept key at a time\n"
     "  -s data_root=DIR     where the images lie now; also roots.DATASET, metric_memory\n"
     "  -s threads=N         threads (default: the job's)\n"
     "  --name NAME          folder of the new result set (default: made from the keys)\n"
     "\n"
     "Settings that fuse and smooth alike share their pixels, so those of the image score alone cost next to nothing.\n"
     "\n"
     "examples:\n"
     "  fgad rescore results/demo -s sweep.sigma=0,2,4,8 -s sweep.reweight=mean1,literal,off -s threads=2\n"
     "  fgad rescore results/mvtec -s metric_size=native --name native\n"},
    {"export", cli_export, "maps, pictures and scores of a run as files for other programs",
     "usage: fgad export RUN --out DIR [--tiff] [--overlay] [--regions] [--csv] [options]\n"
     "\n"
     "Writes, for each draw of shots and grid point, a folder DIR/<dataset>-k<shots>-s<seed>[-<point>] with\n"
     "\n"
     "  --tiff         maps/<category>/test/<defect>/<id>.tiff: 32-bit float maps at the images' own size, as MVTec's\n"
     "                 evaluation code reads them\n"
     "  --overlay      overlays/...png: image and heat map with the ground truth's contour; one scale a category\n"
     "                 (scale.png, scale.json)\n"
     "  --regions      regions/<category>/: the training images and their regions, with a legend\n"
     "  --csv          images.csv: path, label, defect, score and rank of every image\n"
     "                 (none of the four: --tiff --csv)\n"
     "  --scale L,H    the heat maps' scale instead of each category's lowest and highest value\n"
     "  --dataset, --category, --shots, --seeds, --point   only these, as for fgad report\n"
     "  -s data_root=DIR   where the images lie now\n"
     "\n"
     "RUN may be a rescored set: its fusion and smoothing are used.\n"
     "\n"
     "examples:\n"
     "  fgad export results/demo --out demo-maps\n"
     "  fgad export results/mvtec --out pictures --overlay --category bottle,cable --shots 4 --seeds 0\n"},
    {"import", cli_import, "measure other people's maps as ours are",
     "usage: fgad import TREE --dataset D --data-root R --name N [options]\n"
     "\n"
     "Reads TREE/<category>/test/<defect>/<id>.tiff, one map a test image of the dataset, and writes results/N as a "
     "run\n"
     "leaves it. The metrics are MVTec's (each image's own size, no smoothing) unless -s says otherwise.\n"
     "\n"
     "  --dataset D        as the key of a job (fgad run --keys)\n"
     "  --data-root R      the dataset's folder, or the folder that it lies in\n"
     "  --name N           name of the new run, and of the method in its tables\n"
     "  --scores FILE      CSV with the columns category, path, score; default: the largest value of each map\n"
     "  --category C,...   only these\n"
     "  --shots K, --seed S   what to call the draw in the tables (0), to set it against a run's\n"
     "  -s key=value       metric_size, resolution, sigma, aupro, aupro_limit, mask_threshold, output, views, tree,\n"
     "                     roots, metric_memory\n"
     "\n"
     "examples:\n"
     "  fgad import their-maps --dataset mvtec --data-root /data --name theirs --shots 4\n"
     "  fgad report results/mvtec --against results/theirs\n"},
    {"model info", cli_model_info, "tell what a model folder holds",
     "usage: fgad model info DIR\n"
     "\n"
     "Checks every tensor of an open_clip model (open_clip_config.json, open_clip_model.safetensors) and prints its\n"
     "shape, parameters, memory and digest. Pickles and other layouts: datasets/models/convert makes folders of them.\n"
     "\n"
     "examples:\n"
     "  fgad model info datasets/models/demo-clip\n"},
    {"data check", cli_data_check, "examine a copy of a dataset",
     "usage: fgad data check DATASET ROOT [CATEGORY]... [--all] [--format json] [-s key=value]... [--assets DIR]\n"
     "\n"
     "Opens every image and mask, compares counts with the published ones, and tells what is wrong, by the harm it "
     "does:\n"
     "what would stop a run, what would change its numbers, what is left out, what is odd; of each kind how many, the\n"
     "first of them, and the cure. DATASET is as the key of a job (fgad run --keys). Exit code 1 when\n"
     "something is wrong.\n"
     "\n"
     "  --all             every line, not the first two of a kind\n"
     "  --format json     the same for programs (kinds and harms by name)\n"
     "  -s key=value      as the job will have it: mask_threshold, bit_depth, exif, views, tree\n"
     "  --assets DIR      folder with mfsc/, to see which categories have a caption (default: where jobs find it)\n"
     "\n"
     "examples:\n"
     "  fgad data check mvtec /data/mvtec\n"
     "  fgad data check mvtec /data/mvtec bottle cable\n"
     "  fgad data check folder /data/own -s mask_threshold=0 -s bit_depth=12\n"},
    {"data fewshot", cli_data_fewshot, "print which images a seed draws",
     "usage: fgad data fewshot [--draw] DATASET ROOT CATEGORY SHOTS [SEED | LIST]\n"
     "\n"
     "Prints the training images of a few-shot task, one a line, by seed (default 0) or from a list file. By seed as\n"
     "a job with fewshot: nested has them, where 1 shot is the first of 2 shots.\n"
     "\n"
     "  --draw            as with fewshot: draw, where every number of shots is a draw for itself\n"
     "\n"
     "examples:\n"
     "  fgad data fewshot mvtec /data/mvtec bottle 4 0\n"
     "  fgad data fewshot mvtec /data/mvtec bottle 4 datasets/fewshot/mvtec.yaml\n"},
    {"data demo", cli_data_demo, "make the demo images",
     "usage: fgad data demo OUT [SEED]\n"
     "\n"
     "Draws the demo set (MVTec-AD's layout) into the folder OUT: the same bytes for the same seed (default 0).\n"
     "\n"
     "examples:\n"
     "  fgad data demo datasets/data/demo\n"},
    {"mfsc check", cli_mfsc_check, "check fine-grained captions",
     "usage: fgad mfsc check FILE... | --all [--model DIR] [--assets DIR]\n"
     "\n"
     "Checks captions against their schema and the rules of datasets/mfsc/README.md: every complaint on a line, with\n"
     "file and field, and exit code 1. Then lists, as notes, what nobody has verified beside the images, joined "
     "values\n"
     "that the summary does not hold, and what the model's tokenizer would cut.\n"
     "\n"
     "  --all             every caption of <assets>/mfsc, file names and folders too\n"
     "  --model DIR       whose tokenizer and context count (default: datasets/models/demo-clip, if it is there; its\n"
     "                    vocabulary is small, so it counts more tokens than CLIP's own does)\n"
     "  --assets DIR      folder with mfsc/ (default: where jobs find it)\n"
     "\n"
     "examples:\n"
     "  fgad mfsc check --all\n"
     "  fgad mfsc check /data/own/push_button/caption.json --model datasets/models/vit-b-16-plus-240\n"},
    {"mfsc show", cli_mfsc_show, "print a caption, and the prompts made of it",
     "usage: fgad mfsc show CATEGORY | FILE [--dataset NAME] [--prompts [-s key=value]... [--model DIR]]\n"
     "\n"
     "Prints a caption: components, attributes, sentences and abnormal states. CATEGORY is searched below\n"
     "<assets>/mfsc; DATASET/CATEGORY will do as well.\n"
     "\n"
     "  --dataset NAME    where two datasets have a category of this name\n"
     "  --prompts         also every prompt of every group with its token count, as the pixel head has them\n"
     "  -s key=value      set a key of a job: n_ahp, ahp_order, n_ab, n_ctx, n_ctx_ab, ctx_init, pixel.n_pro, learn, "
     "shots, "
     "seeds\n"
     "  --model DIR       whose tokenizer cuts and counts (default: datasets/models/demo-clip)\n"
     "  --assets DIR      folder with mfsc/ (default: where jobs find it)\n"
     "\n"
     "examples:\n"
     "  fgad mfsc show gear --prompts\n"
     "  fgad mfsc show mvtec/cable --prompts -s n_ahp=20 -s n_ab=1 --model datasets/models/vit-b-16-plus-240\n"},
    {"mfsc new", cli_mfsc_new, "write a caption to fill in",
     "usage: fgad mfsc new NAME [--dataset NAME] [--out FILE] [--assets DIR] [--force]\n"
     "\n"
     "Writes the form of a caption with what belongs at each place, in <>, and the vocabulary's values beside each\n"
     "attribute. Filled in, `fgad mfsc check` takes it, and `fgad mfsc show --prompts` shows what is made of it.\n"
     "\n"
     "  --dataset NAME    the dataset's name (default: folder, one's own images)\n"
     "  --out FILE        where to (default: <assets>/mfsc/<dataset>/NAME.json)\n"
     "  --assets DIR      folder with mfsc/ (default: where jobs find it)\n"
     "  --force           write over what is there\n"
     "\n"
     "examples:\n"
     "  fgad mfsc new push_button --out /data/own/push_button/caption.json\n"},
    {"mfsc caption", cli_mfsc_caption, "draft a caption with a vision chat model",
     "usage: fgad mfsc caption --image FILE [--image FILE]... --category NAME --dataset NAME --out FILE [options]\n"
     "\n"
     "Sends pictures of good objects and the instruction <assets>/mfsc/prompt.md to an OpenAI-compatible chat "
     "endpoint\n"
     "with vision, checks the answer as `fgad mfsc check` does, and sends complaints back until it is fit. A draft is\n"
     "a draft: read it beside the images. On failure every answer is kept at <out>.answer-N.txt.\n"
     "\n"
     "  --image FILE      PNG or JPEG of a good object (again for more)\n"
     "  --url URL         endpoint, as https://host/v1 (default: FGAD_API_URL)\n"
     "  --model NAME      the endpoint's name of the model (default: FGAD_API_MODEL)\n"
     "  --timeout S       seconds to wait for one answer (default: 120)\n"
     "  --retries N       times that complaints are sent back (default: 3)\n"
     "  --no-schema       do not ask for response_format, for endpoints that refuse it\n"
     "  --ca FILE         trust these authorities (PEM) instead of the system's\n"
     "  --force           write over --out\n"
     "  --assets DIR      folder with mfsc/ (default: where jobs find it)\n"
     "\n"
     "The key is read from FGAD_API_KEY, sent to the endpoint, and neither shown nor stored. Status 429 and 5xx are\n"
     "tried again after a while (Retry-After counts, up to a minute).\n"
     "\n"
     "examples:\n"
     "  fgad mfsc caption --image a.png --image b.png --category push_button --dataset folder \\\n"
     "      --out /data/own/push_button/caption.json --url https://example.org/v1 --model a-vision-model\n"},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static bool is_in_group(const char *name, const char *group)
{
    size_t length = strlen(group);
    return strncmp(name, group, length) == 0 && name[length] == ' ';
}

/* group: all commands with NULL, else those whose first word it is. Number of commands listed. */
static int print_commands(FILE *out, const char *group)
{
    int count = 0;
    for (int i = 0; i < COMMANDS; i++) {
        const char *name = commands[i].name;
        if (group != NULL && !is_in_group(name, group)) continue;
        if (count++ == 0) fprintf(out, "usage: fgad %s ...\n\n", group != NULL ? group : "COMMAND");
        fprintf(out, "  %-14s %s\n", name, commands[i].summary);
    }
    if (count > 0) fprintf(out, "\n`fgad COMMAND --help` tells more of each.\n");
    return count;
}

static void print_overview(FILE *out)
{
    fprintf(out, "fgad %s: few-shot visual anomaly detection, evaluated in batches\n\n", base_version());
    print_commands(out, NULL);
}

/* How many words of argv the command's name takes, or 0 when it is another one. */
static int match(const cli_command_t *command, int argc, char **argv)
{
    const char *space = strchr(command->name, ' ');
    if (space == NULL) return argc > 1 && strcmp(argv[1], command->name) == 0 ? 1 : 0;
    size_t length = (size_t)(space - command->name);
    bool first = argc > 1 && strlen(argv[1]) == length && strncmp(argv[1], command->name, length) == 0;
    return first && argc > 2 && strcmp(argv[2], space + 1) == 0 ? 2 : 0;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* One line: no such command, and the nearest that there is. */
static int refuse_command(int argc, char **argv)
{
    char said[256];
    snprintf(said, sizeof said, "%s%s%s", argv[1], argc > 2 ? " " : "", argc > 2 ? argv[2] : "");
    const char *nearest = commands[0].name;
    int least = INT_MAX;
    for (int i = 0; i < COMMANDS; i++) {
        const char *name = commands[i].name;
        int distance = base_edit_distance(strchr(name, ' ') != NULL ? said : argv[1], name);
        if (is_in_group(name, argv[1])) distance -= 1000; /* the group is right: the nearest of it, however far */
        if (distance < least) nearest = name, least = distance;
    }
    fprintf(stderr, "fgad: there is no command '%s' (did you mean '%s'? `fgad --help` lists them)\n", said, nearest);
    return EXIT_BAD_INPUT;
}

/* Kernels are chosen by the environment, and the program may have been built elsewhere. */
static void tell_of_illegal_instructions(void)
{
    static char line[512];
    const char *core = getenv("OPENBLAS_CORETYPE");
    if (core != NULL && core[0] != '\0')
        snprintf(
            line, sizeof line,
            "fgad: this processor lacks an instruction: OPENBLAS_CORETYPE is '%.60s', expected a kind of its own or an "
            "older one (hint: unset OPENBLAS_CORETYPE)\n",
            core);
    else
        snprintf(
            line, sizeof line,
            "fgad: this processor lacks an instruction that the program was built with (hint: build it on this kind of "
            "machine, or with -DFGAD_ARCH= for all)\n");
    stop_illegal_install(line, EXIT_BAD_INPUT);
}

static int run_command(int argc, char **argv)
{
    if (argc < 2 || (argc == 2 && is_help(argv[1]))) {
        print_overview(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_BAD_INPUT : EXIT_DONE;
    }
    if (is_help(argv[1])) { /* "help run" is "run --help" */
        for (int i = 1; i + 1 < argc; i++) argv[i] = argv[i + 1];
        argv[argc - 1] = "--help";
    }
    if (strcmp(argv[1], "--version") == 0) return printf("fgad %s\n", base_version()), EXIT_DONE;
    for (int i = 0; i < COMMANDS; i++) {
        int words = match(&commands[i], argc, argv);
        if (words == 0) continue;
        for (int a = words + 1; a < argc; a++)
            if (strcmp(argv[a], "--help") == 0 || strcmp(argv[a], "-h") == 0)
                return fputs(commands[i].help, stdout), EXIT_DONE;
        /* `fgad report "$RUN"` without RUN: an empty name would lead to the root of the file system. */
        for (int a = words + 1; a < argc; a++)
            if (argv[a][0] == '\0' && argv[a - 1][0] != '-')
                return cli_bad_usage(commands[i].name,
                                     "an argument is empty (a variable of the shell that is not set?)");
        return commands[i].main(argc - words, argv + words);
    }
    bool asked = argc > 2 && is_help(argv[2]);
    if ((asked || argc == 2) && print_commands(asked ? stdout : stderr, argv[1]) > 0)
        return asked ? EXIT_DONE : EXIT_BAD_INPUT;
    return refuse_command(argc, argv);
}

int main(int argc, char **argv)
{
    if (!cli_stack_has_room()) return 2;
    tell_of_illegal_instructions();
    io_mapped_install(EXIT_TASK_FAILED);
    cli_output_begin();
    return cli_output_end(run_command(argc, argv));
}
