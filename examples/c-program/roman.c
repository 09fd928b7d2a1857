#include "roman.h"

#include <string.h>

static const struct { int value; const char *sign; } SIGNS[] = {
    {1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"},
    {40, "XL"},  {10, "X"},   {9, "IX"},  {5, "V"},    {4, "IV"},  {1, "I"},
};
enum { SIGN_COUNT = sizeof SIGNS / sizeof *SIGNS };

int roman_write(int number, char *out) {
    if (number < 1 || number > ROMAN_MAX) return -1;
    for (int i = 0; i < SIGN_COUNT; i++) {
        for (; number >= SIGNS[i].value; number -= SIGNS[i].value) {
            size_t length = strlen(SIGNS[i].sign);
            memcpy(out, SIGNS[i].sign, length);
            out += length;
        }
    }
    *out = '\0';
    return 0;
}

int roman_read(const char *text) {
    int value = 0;
    const char *at = text;
    for (int i = 0; i < SIGN_COUNT; i++) {
        size_t length = strlen(SIGNS[i].sign);
        while (value <= ROMAN_MAX && strncmp(at, SIGNS[i].sign, length) == 0) {
            value += SIGNS[i].value;
            at += length;
        }
    }
    char usual[ROMAN_SIZE];
    if (*at != '\0' || roman_write(value, usual) != 0 || strcmp(usual, text) != 0) return -1;
    return value;
}
