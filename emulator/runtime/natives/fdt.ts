/** Flattened device trees for `.lus` code: LUO's format before 7.2. */
import { FdtBuilder, FdtNodeRef } from '../../kernel/kho/fdt-tree';
import { BOOL, INT, objectOf, PHYS, STRING } from '../../language/types';
import { asInt, asNumber, asString } from '../../language/values';
import { fn, Members, nothing, param } from './define';
import type { NativeContext, NativeFunction } from './native';

const NAME = [param('name', STRING)];

export const fdtBuilder = new Members(
    FdtBuilder,
    'fdt_builder',
    'A flattened device tree under construction, written from front to back.',
)
    .method('begin_node', NAME, {}, 'Begins a node; the first is the root, whose name is empty.', (builder, [name]) =>
        nothing(builder.beginNode(asString(name, 'the name'))),
    )
    .method('end_node', [], {}, 'Ends the current node.', (builder) => nothing(builder.endNode()))
    .method(
        'property_string',
        [param('name', STRING), param('value', STRING)],
        {},
        'Adds a string property, with its NUL, to the current node.',
        (builder, [name, value]) =>
            nothing(builder.propertyString(asString(name, 'the name'), asString(value, 'the value'))),
    )
    .method(
        'property_u64',
        [param('name', STRING), param('value', INT)],
        {},
        'Adds a u64 property to the current node, in the byte order of the kernel, not of the tree.',
        (builder, [name, value]) => nothing(builder.propertyU64(asString(name, 'the name'), asInt(value, 'the value'))),
    )
    .method(
        'finish',
        [param('address', PHYS), param('size', INT)],
        { fails: true },
        'Writes the tree to an address. ENOSPC if it is longer than `size`.',
        (builder, [address, size], { machine }) =>
            builder.finish(machine.memory, asNumber(address, 'the address'), asNumber(size, 'the size')),
    );

export const fdtNode = new Members(
    FdtNodeRef,
    'fdt_node',
    'A node of a flattened device tree, as of the time it was read.',
)
    .method(
        'child',
        NAME,
        { result: objectOf('fdt_node'), fails: true },
        'A child by its name. ENOENT.',
        (node, [name]) => node.child(asString(name, 'the name')),
    )
    .method('has_child', NAME, { result: BOOL }, 'Whether it has a child with this name.', (node, [name]) =>
        node.hasChild(asString(name, 'the name')),
    )
    .method(
        'is_compatible',
        [param('with', STRING)],
        { result: BOOL },
        'fdt_node_check_compatible(): whether its `compatible` contains this string.',
        (node, [wanted]) => node.isCompatible(asString(wanted, 'the string')),
    )
    .method(
        'string',
        NAME,
        { result: STRING },
        'A property as text, up to its NUL; empty if there is none.',
        (node, [name]) => node.text(asString(name, 'the name')),
    )
    .method(
        'u64',
        NAME,
        { result: INT, fails: true },
        'An 8-byte property, in the byte order of the kernel. ENOENT if there is none, EINVAL if it has another length.',
        (node, [name]) => node.u64(asString(name, 'the name')),
    );

export const fdtFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'fdt_create',
        [],
        { result: objectOf('fdt_builder') },
        'A new flattened device tree to write.',
        ({ machine }) => new FdtBuilder(machine.journal),
    ),
    fn(
        'fdt_root',
        [param('address', PHYS)],
        { result: objectOf('fdt_node'), fails: true },
        'The root of the flattened device tree at an address. EINVAL if there is none.',
        ({ machine }, [address]) => FdtNodeRef.rootAt(machine, asNumber(address, 'the address')),
    ),
];
