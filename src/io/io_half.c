/* IEEE half precision by integer arithmetic alone: the same bits on every machine, with or without F16C. */
#include "io/io.h"

#include <string.h>

uint16_t io_f32_to_f16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = (bits >> 16) & 0x8000u;
    uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) {
        /* NaN: keep the payload's top and make it quiet, so that no NaN turns into infinity. */
        return (uint16_t)(sign | 0x7e00u | ((magnitude >> 13) & 0x1ffu));
    }
    if (magnitude >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* >= 65520 rounds to infinity */
    if (magnitude >= 0x38800000u) {
        /* Normal: rebias the exponent from 127 to 15, round the 13 bits that fall off to nearest even. A carry out of
         * the mantissa runs into the exponent, which is what rounding up to the next power of two means. */
        uint32_t rounded = magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u);
        return (uint16_t)(sign | (rounded >> 13));
    }
    if (magnitude < 0x33000000u) return (uint16_t)sign; /* below half the smallest subnormal, 2^-25 */
    /* Subnormal: the half's unit is 2^-24. */
    uint32_t exponent = magnitude >> 23;
    uint32_t mantissa = (magnitude & 0x7fffffu) | 0x800000u;
    uint32_t shift = 126u - exponent; /* 14..24 */
    uint32_t kept = mantissa >> shift;
    uint32_t lost = mantissa & ((1u << shift) - 1u);
    uint32_t half = 1u << (shift - 1u);
    if (lost > half || (lost == half && (kept & 1u))) kept++;
    return (uint16_t)(sign | kept);
}

float io_f16_to_f32(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000u) << 16;
    uint32_t exponent = (bits >> 10) & 0x1fu;
    uint32_t mantissa = bits & 0x3ffu;
    uint32_t out;
    if (exponent == 0x1fu) {
        out = sign | 0x7f800000u | (mantissa << 13);
    } else if (exponent != 0) {
        out = sign | ((exponent + 112u) << 23) | (mantissa << 13);
    } else if (mantissa == 0) {
        out = sign;
    } else {
        /* Subnormal half: normalise, since every one of them is a normal float. */
        exponent = 113u;
        while ((mantissa & 0x400u) == 0) {
            mantissa <<= 1;
            exponent--;
        }
        out = sign | (exponent << 23) | ((mantissa & 0x3ffu) << 13);
    }
    float value;
    memcpy(&value, &out, sizeof value);
    return value;
}
