"""The few-shot draw in plain Python, written from its description: which training images a seed means.

usage: draw.py DATASET CATEGORY SHOTS SEED TRAIN_COUNT   (indices in the sorted train listing, in the order drawn)
       draw.py DATASET CATEGORY nested SEED TRAIN_COUNT  (all of them: the first k are the k shots of a nested draw)
"""
import sys

M32, M64 = 2**32 - 1, 2**64 - 1


def fnv1a(state, data):
    for byte in data:
        state = ((state ^ byte) * 1099511628211) & M64
    return state


def key_of(dataset, category, shots, seed, purpose):
    def text(state, value):
        return fnv1a(fnv1a(state, len(value.encode()).to_bytes(8, "little")), value.encode())

    state = text(text(14695981039346656037, dataset), category)
    state = text(fnv1a(state, shots.to_bytes(8, "little") + seed.to_bytes(8, "little")), purpose)
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & M64
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & M64
    return state ^ (state >> 31)


def philox(key):
    """Words of Philox 4x32-10 for counters 0, 1, 2, ..."""
    counter = 0
    while True:
        c, k0, k1 = [counter & M32, counter >> 32, 0, 0], key & M32, key >> 32
        for _ in range(10):
            p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [(p1 >> 32) ^ c[1] ^ k0, p1 & M32, (p0 >> 32) ^ c[3] ^ k1, p0 & M32]
            k0, k1 = (k0 + 0x9E3779B9) & M32, (k1 + 0xBB67AE85) & M32
        yield from c
        counter += 1


def permutation(words, n):
    order = [0] * n
    for i in range(n):
        threshold = (2**32 - (i + 1)) % (i + 1)
        while True:
            product = next(words) * (i + 1)
            if product & M32 >= threshold:
                break
        order[i] = order[product >> 32]
        order[product >> 32] = i
    return order


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    seed, count = (int(text) for text in sys.argv[4:])
    shots = 0 if sys.argv[3] == "nested" else int(sys.argv[3])
    print(permutation(philox(key_of(sys.argv[1], sys.argv[2], shots, seed, "shots")), count)[: shots or count])
