/* fuzz_properties.c - a properties file of arbitrary bytes; what has to hold is in document.h. */
#include "tests/fuzz/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_document(VX_FORMAT_PROPERTIES, data, size);
	return 0;
}
