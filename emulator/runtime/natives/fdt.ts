/** Flattened device trees for `.lus` code: in them LUO described its state before 7.2 (libfdt's fdt_sw.c and fdt_ro.c). */
import { err } from '../../kernel/release/errno';
import { FdtWriter } from '../../kernel/kho/fdt';
import { fdtChild, fdtIsCompatible, fdtProperty, readFdt, type FdtNode } from '../../kernel/kho/fdt-read';
import { nativeU64, readNativeU64 } from '../../kernel/kho/root-fdt';
import { Rec, type Journal } from '../../machine/journal';
import { PAGE_SIZE } from '../../machine/memory';
import { BOOL, INT, objectOf, PHYS, STRING } from '../../language/types';
import type { NativeFunction } from './native';
import { asInt, asNumber, asString } from '../../language/values';
import { fn, Members, param } from './define';
import { hex } from '../../text/text';

type Step = (writer: FdtWriter) => void;

/** A tree that is being written, front to back. */
export class FdtBuilder extends Rec {
    readonly steps: readonly Step[] = [];

    constructor(private readonly journal: Journal) {
        super(journal);
    }

    add(step: Step): undefined {
        this.journal.edit<FdtBuilder>(this).steps = [...this.steps, step];
        return undefined;
    }

    /** The finished blob. */
    finish(): Uint8Array {
        const writer = new FdtWriter();
        for (const step of this.steps) {
            step(writer);
        }
        return writer.finish();
    }

    display(): string {
        return 'device tree that is being written';
    }
}

/** A node of a tree in memory, as it was when it was read. */
export class FdtNodeRef {
    constructor(
        readonly node: FdtNode,
        readonly phys: number,
    ) {}

    display(): string {
        return `node "${this.node.name}" of the device tree at ${hex(this.phys)}`;
    }

    sameAs(other: object): boolean {
        return other instanceof FdtNodeRef && other.phys === this.phys && other.node.name === this.node.name;
    }
}

const text = (s: string): Uint8Array => new TextEncoder().encode(`${s}\0`);

export const fdtBuilder = new Members(
    FdtBuilder,
    'fdt_builder',
    'A flattened device tree that is being written, front to back.',
)
    .method(
        'begin_node',
        [param('name', STRING)],
        {},
        'Opens a node; the first is the root, whose name is empty.',
        (b, [name]) => {
            const s = asString(name, 'the name');
            return b.add((w) => w.begin(s));
        },
    )
    .method('end_node', [], {}, 'Closes the node that is open.', (b) => b.add((w) => w.end()))
    .method(
        'property_string',
        [param('name', STRING), param('value', STRING)],
        {},
        'A property of the open node: a string with its NUL.',
        (b, [name, value]) => {
            const [n, v] = [asString(name, 'the name'), asString(value, 'the value')];
            return b.add((w) => w.property(n, text(v)));
        },
    )
    .method(
        'property_u64',
        [param('name', STRING), param('value', INT)],
        {},
        'A property of the open node: a u64 in the byte order of the kernel, not of the tree.',
        (b, [name, value]) => {
            const [n, v] = [asString(name, 'the name'), asInt(value, 'the value')];
            return b.add((w) => w.property(n, nativeU64(v)));
        },
    )
    .method(
        'finish',
        [param('address', PHYS), param('size', INT)],
        { fails: true },
        'Writes the tree to an address: ENOSPC where it is longer than `size`.',
        (b, [pa, size], vm) => {
            const blob = b.finish();
            if (blob.length > asNumber(size, 'the size')) {
                return err('ENOSPC');
            }
            vm.machine.memory.write(asNumber(pa, 'the address'), blob);
            return undefined;
        },
    );

export const fdtNode = new Members(
    FdtNodeRef,
    'fdt_node',
    'A node of a flattened device tree, as it was when it was read.',
)
    .method(
        'child',
        [param('name', STRING)],
        { result: objectOf('fdt_node'), fails: true },
        'A child by its name: ENOENT.',
        (n, [name]) => {
            const child = fdtChild(n.node, asString(name, 'the name'));
            return child ? new FdtNodeRef(child, n.phys) : err('ENOENT');
        },
    )
    .method(
        'has_child',
        [param('name', STRING)],
        { result: BOOL },
        'It has a child of this name.',
        (n, [name]) => fdtChild(n.node, asString(name, 'the name')) !== undefined,
    )
    .method(
        'is_compatible',
        [param('with', STRING)],
        { result: BOOL },
        'fdt_node_check_compatible(): one of the strings of its `compatible` is this one.',
        (n, [s]) => fdtIsCompatible(n.node, asString(s, 'the string')),
    )
    .method(
        'string',
        [param('name', STRING)],
        { result: STRING },
        'A property as text, up to its NUL; empty where there is none.',
        (n, [name]) =>
            new TextDecoder('latin1')
                .decode(fdtProperty(n.node, asString(name, 'the name'))?.value ?? new Uint8Array(0))
                .split('\0')[0] ?? '',
    )
    .method(
        'u64',
        [param('name', STRING)],
        { result: INT, fails: true },
        'A property of 8 bytes in the byte order of the kernel: ENOENT where there is none, EINVAL where it is of another length.',
        (n, [name]) => {
            const p = fdtProperty(n.node, asString(name, 'the name'));
            return p ? (readNativeU64(p.value) ?? err('EINVAL')) : err('ENOENT');
        },
    );

export const fdtFunctions: readonly NativeFunction[] = [
    fn(
        'fdt_create',
        [],
        { result: objectOf('fdt_builder') },
        'A flattened device tree to be written.',
        (vm) => new FdtBuilder(vm.machine.journal),
    ),
    fn(
        'fdt_root',
        [param('address', PHYS)],
        { result: objectOf('fdt_node'), fails: true },
        'The root of the flattened device tree at an address: EINVAL where there is none.',
        (vm, [pa]) => {
            const at = asNumber(pa, 'the address');
            const { root } = vm.machine.isRam(at, PAGE_SIZE)
                ? readFdt(vm.machine.memory.read(at, PAGE_SIZE))
                : { root: undefined };
            return root ? new FdtNodeRef(root, at) : err('EINVAL');
        },
    ),
];
