/* The tests that the tester stage runs. The program ends with 1 if one of them fails. */
#include "roman.h"

#include <stdio.h>
#include <string.h>

static int failures;

static void check(int holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "FAILED: %s\n", what);
    failures++;
}

int main(void) {
    char text[ROMAN_SIZE];
    check(roman_write(1994, text) == 0 && strcmp(text, "MCMXCIV") == 0, "1994 is MCMXCIV");
    check(roman_write(4, text) == 0 && strcmp(text, "IV") == 0, "4 is IV");
    check(roman_write(0, text) == -1, "there is no zero");
    check(roman_write(4000, text) == -1, "there is no 4000");
    check(roman_read("XLII") == 42, "XLII is 42");
    check(roman_read("IIII") == -1, "IIII is not the usual form");
    check(roman_read("") == -1, "the empty text is no numeral");
    for (int n = 1; n <= ROMAN_MAX; n++) {
        if (roman_write(n, text) != 0 || roman_read(text) != n) check(0, "what is written can be read");
    }
    printf(failures ? "%d failed\n" : "all tests hold\n", failures);
    return failures != 0;
}
