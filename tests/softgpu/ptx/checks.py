# SPDX-License-Identifier: LGPL-2.1-or-later
"""How near results are where instructions approximate; all else is equal bit
by bit."""
import numpy as np

from launch import F32, UNTOUCHED, differences

ULP = 2.0 ** -23

# nvcc's powf corrects the reciprocal that it begins with; with every one of
# them off by what is allowed, values times powf were up to 1.9 ulp from the
# host's, over alpha, beta and k as networks have them.
POWER = 4 * ULP

# expf is one ex2.approx, within 2.5 ulp of the exact value, of an argument that
# is reduced within half of one: 3. The quotient of one and a sum of others adds
# two of them and a rounding, the host's is within 1: 7.5. Seen: 3.9.
SOFTMAX = 8 * ULP

# Below, .ftz makes 0 of what the host keeps.
TINY = 2.0 ** -125


def near(launch, plain, inside, host):
    """The host computes the same in floats: the result lies between what is
    left and right of that, rounded to the type."""
    real = launch.real

    def check(got, _):
        exact = plain.run_on_host(host)['output'].view(np.float32)
        values = real.to_float(got['output'].view(real.bits))
        margin = POWER * np.abs(exact) + TINY
        low, high = [real.to_float(real.from_float(bound))
                     for bound in (exact - margin, exact + margin)]
        wrong = ~((low <= values) & (values <= high) |
                  np.isnan(exact) & np.isnan(values))
        untouched = np.full(real.size, UNTOUCHED, np.uint8).view(real.bits)
        wrong = np.where(inside, wrong, got['output'].view(real.bits) !=
                         untouched)
        if not wrong.any():
            return None
        i = np.flatnonzero(wrong)[0]
        return (f'{launch.title}: output[{i}] is {values[i]}, not {exact[i]}; '
                f'{wrong.sum()} differ')
    return check


def probabilities(launch, n, channels, n_best):
    """Near the host's, and the best are, bit by bit, those of the output."""
    def check(got, expected):
        values = got['output'].view(np.float32)
        exact = expected['output'].view(np.float32)
        wrong = ~(np.abs(values - exact) <= SOFTMAX * exact + TINY)
        if wrong.any():
            i = np.flatnonzero(wrong)[0]
            return (f'{launch.title}: output[{i}] is {values[i]}, not '
                    f'{exact[i]}; {wrong.sum()} differ')
        wrong = differences(got['best'], best_of(values), F32)
        return wrong and f'{launch.title}: best{wrong}'

    def best_of(values):
        """[image][pixel][best] of pairs: class, probability."""
        rows = values.reshape(n, channels, -1).transpose(0, 2, 1)
        order = np.argsort(-rows, axis=2, kind='stable')[:, :, :n_best]
        best = np.full((*rows.shape[:2], n_best, 2), 0, np.uint32)
        best.view(np.uint8)[:] = UNTOUCHED
        count = order.shape[2]
        best[:, :, :count, 0] = order
        best[:, :, :count, 1] = np.take_along_axis(
            rows, order, 2).view(np.uint32)
        return best.reshape(-1).view(np.uint8)
    return check
