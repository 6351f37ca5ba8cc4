# `fgad data check` on whole skeletons of the three benchmarks, and on skeletons with one fault of each kind: named, and
# nothing else is. FGAD, MAKE_SKELETON and WORK come from CTest.
. "$(dirname "$0")/../support/shell.sh"

# check CODE DATASET ROOT [CATEGORY]...: data check ends with CODE; what it says is in $WORK/out
check() {
    want=$1
    shift
    code=0
    "$FGAD" data check "$@" > "$WORK/out" 2>&1 || code=$?
    [ $code = "$want" ] || fail "data check $* ended with $code, expected $want: $(cat "$WORK/out")"
}
says() {
    grep -qF -- "$1" "$WORK/out" || fail "'$1' is not said: $(cat "$WORK/out")"
}

"$MAKE_SKELETON" "$WORK/mvtec" mvtec --only bottle,zipper > /dev/null
"$MAKE_SKELETON" "$WORK/visa" visa --only candle,cashew > /dev/null
"$MAKE_SKELETON" "$WORK/realiad" realiad --only usb,zipper > /dev/null
for dataset in mvtec visa realiad; do
    check 0 $dataset "$WORK/$dataset"
    says "2 categories, 0 problems"
done
check 0 visa "$WORK/visa" candle
says "visa/candle:  900 train  100 normal  100 anomalous  100 masks: ok"

# Files that copies carry beside the images, masks with grey edges and other names change nothing.
"$MAKE_SKELETON" "$WORK/odd" mvtec --irregular --only toothbrush > /dev/null
check 0 mvtec "$WORK/odd"
"$MAKE_SKELETON" "$WORK/odd_realiad" realiad --irregular --only usb > /dev/null
check 0 realiad "$WORK/odd_realiad"

# One fault of each kind.
root="$WORK/mvtec"
rm "$root/bottle/ground_truth/broken/003_mask.png"
head -c 60 "$root/bottle/test/good/001.png" > "$WORK/cut" && cp "$WORK/cut" "$root/bottle/test/good/001.png"
cp "$root/bottle/train/good/000.png" "$root/bottle/test/good/002.png"
cp tests/bad/coloured_mask.png "$root/bottle/ground_truth/broken/004_mask.png"
rm "$root/bottle/train/good/208.png"
check 1 mvtec "$root" bottle
says "broken/003.png"
says "test/good/001.png"
says "test/good/002.png"
says "004_mask.png"
says "has 208 training images, 209 are published"
says "1 category, 5 problems"

root="$WORK/visa"
rm "$root/candle/Data/Masks/Anomaly/000.png"
: > "$root/candle/Data/Images/Normal/0003.JPG"
rm "$root/cashew/Data/Images/Anomaly/007.JPG"
check 1 visa "$root" candle
says "expected the mask of 'candle/Data/Images/Anomaly/000.JPG'"
says "Normal/0003.JPG"
says "1 category, 2 problems"
check 1 visa "$root" cashew
says "Anomaly/007.JPG"

# Real-IAD with and without split files; an anomalous view without a mask is counted, never guessed.
root="$WORK/realiad"
mask=$(find "$root/realiad_256/usb/NG/AK" -name '*_C1_*.png' | sort | head -1)
rm "$mask"
check 1 realiad "$root" usb
says "$(basename "$mask" .png)"
rm -r "$root/realiad_jsons" "$root/realiad_jsons_sv"
check 0 realiad "$root" zipper
says "realiad/zipper:  26 train  26 normal  8 anomalous"
