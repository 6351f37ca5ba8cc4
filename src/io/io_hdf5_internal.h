/* What the HDF5 files of io share; hdf5.h itself stays in the .c files, where an hid_t is an int64_t. */
#ifndef FGAD_IO_HDF5_INTERNAL_H
#define FGAD_IO_HDF5_INTERNAL_H

#include "io/io_internal.h"

struct io_h5 {
    int64_t id; /* hid_t of the file */
    char *path; /* owned */
    bool writing;
};

/* "'run.h5': doing 'object' failed: <HDF5's innermost reason>"; clears HDF5's error stack. object may be NULL. */
status_t io_h5_fail(status_t code, const io_h5_t *file, const char *doing, const char *object);
/* IEEE half in the byte order of the file (little-endian) or of memory; close with H5Tclose. */
int64_t io_h5_half_type(bool in_memory);
/* Variable-length UTF-8; close with H5Tclose. */
int64_t io_h5_string_type(void);
/* The HDF5 type that `type` has in memory; do not close. Not for F16 and STRING. */
int64_t io_h5_native_type(io_h5_type_t type);
size_t io_h5_type_size(io_h5_type_t type);
/* Opens the object, making the groups of its path when `make`; negative on failure. Close with H5Oclose. */
int64_t io_h5_object(io_h5_t *file, const char *path, bool make);

#endif
