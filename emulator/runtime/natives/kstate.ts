/** KSTATE for `.lus` code: descriptions of structs, and what is registered. */
import { Kstate } from '../../kernel/kstate/kstate';
import { FolioRef } from '../../kernel/mm/file-folios';
import { RecordValue } from '../../language/collections';
import type { LayoutField } from '../../language/layout';
import { ANY, INT, listOf, objectOf, PHYS, RECORD, STRING, type Value } from '../../language/types';
import { asNumber, asString, format, ProgramError } from '../../language/values';
import { code, fn, global, param, RecordMembers } from './define';
import { layoutOf, physOf } from './memory';
import type { NativeContext, NativeFunction, NativeGlobal } from './native';

function fieldOf(type: Value, name: Value): LayoutField {
    const layout = layoutOf(type);
    const field = layout.byName.get(asString(name, 'the name of the field'));
    if (!field) {
        throw new ProgramError(`struct ${layout.name} has no field ${format(name)}`);
    }
    return field;
}

const TYPE = param('type', ANY);
const FIELD = param('field', STRING);
const OBJECT = param('object', ANY);

export const kstateObject = new RecordMembers(
    Kstate,
    'kstate',
    'KSTATE in the running kernel: the structs that it saves at the reboot. Only with the layer `kstate`.',
)
    .field(
        'entries',
        listOf(RECORD),
        'The registered structs, the newest first: records with `description`, `address` and `instance`.',
        ({ entries }, context) =>
            context.list(
                // list_add() puts the newest first
                entries.items.toReversed().map((e) =>
                    context.record([
                        ['description', e.description as Value],
                        ['address', e.address],
                        ['instance', e.instance],
                    ]),
                ),
            ),
    )
    .journaled(
        'stream',
        'stream',
        PHYS,
        'The address of the stream of the previous kernel; 0: there is none.',
        asNumber,
    )
    .method(
        'add',
        [param('description', RECORD), param('object', ANY), param('instance', INT)],
        {},
        'Adds a struct to the list. `kstate_register()` is the function for drivers.',
        (kstate, [description, object, instance]) => {
            if (!(description instanceof RecordValue)) {
                throw new ProgramError(`the description must be a record, not ${format(description)}`);
            }
            kstate.entries.push({
                description,
                title: asString(description.get('name'), 'the name of the description'),
                address: physOf(object, 'the object'),
                instance: asNumber(instance, 'the instance'),
            });
            return undefined;
        },
    )
    .method(
        'remove',
        [param('object', ANY), param('instance', INT)],
        {},
        'Removes a struct from the list. `kstate_unregister()` is the function for drivers.',
        (kstate, [object, instance]) => {
            const address = physOf(object, 'the object');
            const id = asNumber(instance, 'the instance');
            const entry = kstate.entries.items.find((e) => e.address === address && e.instance === id);
            if (entry) {
                kstate.entries.remove(entry);
            }
            return undefined;
        },
    );

export const kstateGlobals: readonly NativeGlobal<NativeContext>[] = [
    global('kstate', objectOf('kstate'), 'any', 'KSTATE in the running kernel.', ({ running }) => running.kstate),
];

/** A field of a description. `version`: the first that has it; of a deprecated field the last. */
function fieldRecord(
    context: NativeContext,
    kind: 'base' | 'deprecated' | 'folio' | 'struct',
    name: Value,
    of: { readonly offset?: number; readonly size?: number; readonly version?: number; readonly ksd?: Value },
): Value {
    return context.record([
        ['name', name],
        ['kind', kind],
        ['offset', of.offset ?? 0],
        ['size', of.size ?? 0],
        ['version', of.version ?? 0],
        ['ksd', of.ksd ?? null],
    ]);
}

const DESCRIPTION = { context: 'any', result: RECORD } as const;
const VERSION = param('version', INT);
const INSTANCE = param('instance', INT);

export const kstateFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'kstate_description',
        [
            param('name', STRING),
            param('id', INT),
            VERSION,
            param('fields', listOf(RECORD)),
            param('subsections', listOf(RECORD), null),
        ],
        DESCRIPTION,
        'A `struct kstate_description`: how KSTATE saves a struct. `version` is that in which it is saved.',
        (context, [name, id, version, fields, subsections]) =>
            context.record([
                ['name', name],
                ['id', id],
                ['version', version],
                ['fields', fields],
                ['subsections', subsections ?? context.list([])],
            ]),
    ),
    fn(
        'KSTATE_BASE_TYPE',
        [TYPE, FIELD],
        DESCRIPTION,
        'A field that KSTATE copies by value: `KSTATE_BASE_TYPE(NicState, "ring")`.',
        (context, [type, name]) => fieldRecord(context, 'base', name, fieldOf(type, name)),
    ),
    fn(
        'KSTATE_BASE_TYPE_V',
        [TYPE, FIELD, VERSION],
        DESCRIPTION,
        'The same for a field that only this version and newer ones have.',
        (context, [type, name, version]) => {
            const { offset, size } = fieldOf(type, name);
            return fieldRecord(context, 'base', name, { offset, size, version: asNumber(version, 'the version') });
        },
    ),
    fn(
        'KSTATE_BASE_TYPE_DEPRECATED',
        [FIELD, param('size', INT), VERSION],
        DESCRIPTION,
        'A field of so many bytes that versions up to this one have: it is not saved, and skipped when loaded.',
        (context, [name, size, version]) =>
            fieldRecord(context, 'deprecated', name, {
                size: asNumber(size, 'the size'),
                version: asNumber(version, 'the version'),
            }),
    ),
    fn(
        'KSTATE_FOLIO',
        [TYPE, FIELD],
        DESCRIPTION,
        'A field with the address of a folio, which is preserved and restored.',
        (context, [type, name]) => fieldRecord(context, 'folio', name, fieldOf(type, name)),
    ),
    fn(
        'KSTATE_STRUCT',
        [TYPE, FIELD, param('description', RECORD)],
        DESCRIPTION,
        'A struct in the struct, with a description of its own (`KS_STRUCT`).',
        (context, [type, name, ksd]) =>
            fieldRecord(context, 'struct', name, { offset: fieldOf(type, name).offset, ksd }),
    ),
    code(
        'kstate_register',
        [param('description', RECORD), OBJECT, INSTANCE],
        {},
        'Registers a struct to be saved at the reboot. `instance` tells structs of one description apart. EOPNOTSUPP in kernels without the layer `kstate`.',
        'kstate_register',
    ),
    code('kstate_unregister', [OBJECT, INSTANCE], {}, 'Undoes kstate_register().', 'kstate_unregister'),
    code(
        'kstate_restore',
        [param('description', RECORD), OBJECT, INSTANCE],
        {},
        'Loads a struct that the previous kernel saved. ENOENT: there is no stream, or the struct is not in it; EOPNOTSUPP in kernels without the layer `kstate`.',
        'kstate_restore',
    ),
    fn(
        'phys_folio',
        [param('address', PHYS)],
        { result: objectOf('folio') },
        'The folio that begins at a physical address.',
        ({ running }, [address]) =>
            new FolioRef(Math.floor(physOf(address, 'the address') / running.page.size), running.page),
    ),
    fn(
        'memcpy',
        [param('to', PHYS), param('from', PHYS), param('size', INT)],
        {},
        'Copies memory between two physical addresses.',
        ({ machine }, [to, from, size]) => {
            const target = physOf(to, 'the destination');
            const source = physOf(from, 'the source');
            const length = asNumber(size, 'the size');
            if (length < 0 || !machine.isRam(target, length) || !machine.isRam(source, length)) {
                throw new ProgramError('memcpy() needs memory on both sides');
            }
            machine.memory.copy(target, source, length);
            return undefined;
        },
    ),
];
