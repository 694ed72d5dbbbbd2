/* show.h - the API's JSON as text for people. */
#ifndef SHOW_H
#define SHOW_H

#include <jansson.h>
#include <stdio.h>

/* 'view' is "status", "clients", "flows", "mappings", "leases" or "drops". */
void show_view(const char *view, const json_t *json, FILE *out);
/* "key = value" for every setting in 'object', as `set` takes it; 'group' is
 * what their keys begin with, "" for all. */
void show_settings(const char *group, json_t *object, FILE *out);
/* A setting's value as `set` takes it. */
void show_value(const json_t *value, FILE *out);

#endif
