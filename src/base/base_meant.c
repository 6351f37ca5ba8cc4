/* "Did you mean": which name a misspelt one is likely to be. */
#include "base/base.h"

#include <string.h>

static int minimum(int a, int b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap of neighbours) between two words. */
static int distance(const char *a, const char *b)
{
    enum { LIMIT = 63 }; /* option and category names are shorter; the rest of a longer word is not looked at */
    int m = minimum((int)strlen(a), LIMIT), n = minimum((int)strlen(b), LIMIT);
    int rows[3][LIMIT + 1];
    for (int j = 0; j <= n; j++) rows[0][j] = j;
    for (int i = 1; i <= m; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int replace = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = minimum(replace, 1 + minimum(above[j], row[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = minimum(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[m % 3][n];
}

bool base_meant(int *edits, const char *name, const char *said)
{
    const int these = distance(name, said);
    if (these * 3 > (int)strlen(said) + 1 || (*edits >= 0 && these >= *edits)) return false;
    *edits = these;
    return true;
}
