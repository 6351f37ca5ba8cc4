#include "base/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_SIZE 1024

static _Thread_local char message[MESSAGE_SIZE];

status_t fail(status_t code, const char *format, ...)
{
    /* Through a buffer, since an argument may be the old message itself. */
    char text[MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    base_visible(message, sizeof message, text);
    return code;
}

status_t fail_context(status_t code, const char *format, ...)
{
    char text[MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, ": %s", message);
    base_visible(message, sizeof message, text);
    return code;
}

const char *fail_message(void)
{
    return message;
}

char *base_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = NULL;
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length >= 0) return text;
    fail(ST_ENOMEM, "out of memory while formatting a string");
    return NULL;
}
