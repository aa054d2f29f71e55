/* fuzz_json.c - a JSON file of arbitrary bytes; what has to hold is in document.h. */
#include "tests/fuzz/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_document(VX_FORMAT_JSON, data, size);
	return 0;
}
