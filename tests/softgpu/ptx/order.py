# SPDX-License-Identifier: LGPL-2.1-or-later
"""In which order threads that went different ways go on.

Any order is right; a good one lets them meet again: what all of a loop's turns
lead to comes after the loop. That is a weak topological order (Bourdoncle
1993, Efficient chaotic iteration strategies with widenings): strongly connected
parts stay together, each behind the block that it is entered by.
"""
import sys


def weak_topological(successors, entry=0):
    """Nodes in such an order; `successors` is a list of lists."""
    numbers = [0] * len(successors)
    stack, counter = [], [0]
    done = sys.maxsize

    def component(node):
        part = []
        for other in successors[node]:
            if numbers[other] == 0:
                visit(other, part)
        return [node] + part

    def visit(node, part):
        stack.append(node)
        counter[0] += 1
        head = numbers[node] = counter[0]
        loops = False
        for other in successors[node]:
            low = numbers[other] or visit(other, part)
            if low <= head:
                head, loops = low, True
        if head == numbers[node]:
            numbers[node] = done
            popped = stack.pop()
            if loops:
                while popped != node:
                    numbers[popped] = 0
                    popped = stack.pop()
                part[:0] = component(node)
            else:
                part[:0] = [node]
        return head

    result = []
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 10 * len(successors) + 1000))
    visit(entry, result)
    sys.setrecursionlimit(limit)
    return result
