# Writes OUT, a C source: the version with the commit it was built from ("0.1.0+1a2b3c4-dirty"), at every build, touching the file
# only when it changes.
find_package(Git QUIET)
set(commit "")
if(GIT_FOUND)
  execute_process(COMMAND "${GIT_EXECUTABLE}" -C "${SOURCE}" describe --always --dirty --exclude "*"
                  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(commit)
  string(PREPEND commit "+")
endif()
file(WRITE "${OUT}.new" "#include \"base/base.h\"\nconst char *base_version(void)\n{\n    return \"${VERSION}${commit}\";\n}\n")
file(COPY_FILE "${OUT}.new" "${OUT}" ONLY_IF_DIFFERENT)
