/**
 * The order of the nodes of a graph in structured code: which nodes come before which on every way, where ways meet,
 * and where loops begin. See N. Ramsey, "Beyond Relooper: Recursive Translation of Unstructured Control Flow to
 * Structured Control Flow", 2022.
 */
import type { Node } from './graph';

export class Order {
    /** In reverse postorder. */
    readonly nodes: readonly Node[];
    private readonly index = new Map<Node, number>();
    /** The last node that every way to a node leads through, by their numbers. */
    private readonly dominators: number[];
    private readonly below = new Map<Node, Node[]>();

    constructor(entry: Node) {
        this.nodes = reversePostorder(entry);
        for (const [i, node] of this.nodes.entries()) {
            this.index.set(node, i);
        }
        this.dominators = this.findDominators();
        for (const [i, node] of this.nodes.entries()) {
            const above = i > 0 ? this.nodes[this.dominators[i] ?? 0] : undefined;
            if (above && this.meets(node)) {
                this.below.set(above, [node, ...(this.below.get(above) ?? [])]);
            }
        }
    }

    of(node: Node): number {
        return this.index.get(node) ?? -1;
    }

    /** Whether it leads back to the beginning of a loop. */
    isBack(from: Node, to: Node): boolean {
        return this.of(to) <= this.of(from);
    }

    /** A loop begins here. */
    isHeader(node: Node): boolean {
        return node.from.some((f) => this.isBack(f, node));
    }

    /** More than one way leads here that is not a round of its loop. */
    meets(node: Node): boolean {
        return node.from.filter((f) => !this.isBack(f, node)).length > 1;
    }

    /** The nodes where ways meet that all come from here: the last one first. */
    meetingBelow(node: Node): readonly Node[] {
        return this.below.get(node) ?? [];
    }

    /** Whether every loop has one beginning. */
    get isStructured(): boolean {
        return this.nodes.every((from) => from.to.every((to) => !this.isBack(from, to) || this.dominates(to, from)));
    }

    /** The most operations from a node to the next beginning of a loop, or to the end. */
    longest(): ReadonlyMap<Node, number> {
        const found = new Map<Node, number>();
        for (const node of this.nodes.toReversed()) {
            const rest = node.to.map((n) => (this.isHeader(n) ? 0 : (found.get(n) ?? 0)));
            found.set(node, (node.operation ? 1 : 0) + Math.max(0, ...rest));
        }
        return found;
    }

    private dominates(above: Node, node: Node): boolean {
        const wanted = this.of(above);
        let i = this.of(node);
        while (i > wanted) {
            i = this.dominators[i] ?? 0;
        }
        return i === wanted;
    }

    /** K. Cooper, T. Harvey and K. Kennedy, "A Simple, Fast Dominance Algorithm", 2001. */
    private findDominators(): number[] {
        const found: number[] = [0];
        const common = (a: number, b: number): number => {
            while (a !== b) {
                while (a > b) {
                    a = found[a] ?? 0;
                }
                while (b > a) {
                    b = found[b] ?? 0;
                }
            }
            return a;
        };
        for (let changed = true; changed; ) {
            changed = false;
            for (let i = 1; i < this.nodes.length; i++) {
                const known = (this.nodes[i]?.from ?? []).map((f) => this.of(f)).filter((f) => found[f] !== undefined);
                const now = known.reduce(common);
                changed ||= found[i] !== now;
                found[i] = now;
            }
        }
        return found;
    }
}

function reversePostorder(entry: Node): Node[] {
    const done: Node[] = [];
    const seen = new Set<Node>([entry]);
    const stack: { readonly node: Node; next: number }[] = [{ node: entry, next: 0 }];
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
        const to = top.node.to[top.next++];
        if (!to) {
            done.push(top.node);
            stack.pop();
        } else if (!seen.has(to)) {
            seen.add(to);
            stack.push({ node: to, next: 0 });
        }
    }
    return done.reverse();
}
