/* libFuzzer's entry to the front end: any bytes are read as a model file, with its tree and diagnostics printed.
 *
 *     make build/fuzz_language && build/fuzz_language -max_total_time=60 models compiler/library */
#include "../../compiler/language/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static FILE *nowhere;
    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    Tree *tree = parse(source_of_text("fuzz.nn", (const char *)bytes, length, false));
    Writer w = {0};
    tree_print(&w, tree);
    diagnostics_print(nowhere);
    diagnostics_reset();
    memory_release();
    return 0;
}
