/* capture.h - `portcullis capture`: a device's packets into a file or a pipe.
 */
#ifndef CLI_CAPTURE_H
#define CLI_CAPTURE_H

#include "args.h"

/* The exit status. */
int capture_main(const struct args *a);

#endif
