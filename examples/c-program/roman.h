#ifndef ROMAN_H
#define ROMAN_H

#include <stddef.h>

enum { ROMAN_MAX = 3999, ROMAN_SIZE = 16 };

/* Writes number as a Roman numeral into out (at least ROMAN_SIZE bytes); 0, or -1 if there is none. */
int roman_write(int number, char *out);

/* The value of a Roman numeral in its usual form, or -1. */
int roman_read(const char *text);

#endif
