/* top.h - devices and connections as they are now, until one has seen enough.
 */
#ifndef TOP_H
#define TOP_H

/* Exit status. On what is no terminal one picture is printed. */
int top_main(const char *instance);

#endif
