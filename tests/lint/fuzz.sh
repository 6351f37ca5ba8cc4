# tests/fuzz/run compiles the rooms by itself: it defines each macro that src/CMakeLists.txt gives to them.
cd "$1" || exit 2
code=0
for macro in $(sed -n '/^ *target_compile_definitions/s/\$<\$<BOOL:[^>]*>:\([A-Z_]*\)>/\1/p; /^ *target_compile_definitions/p' src/CMakeLists.txt |
    sed 's/\${[^}]*}//g; s/\$<[^>]*>//g' | grep -o 'FGAD_[A-Z_]*' | sort -u); do
    grep -q -e "-D$macro\b" tests/fuzz/run || { echo "tests/fuzz/run: does not define $macro, as src/CMakeLists.txt does"; code=1; }
    found=1
done
[ -n "${found-}" ] || { echo "src/CMakeLists.txt: no macro found, expected some"; exit 1; }
exit $code
