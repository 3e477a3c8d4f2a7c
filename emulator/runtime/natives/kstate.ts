/** KSTATE for `.lus` code: what is registered, and fields of structs by their names. */
import { Kstate } from '../../kernel/kstate/kstate';
import { FolioRef } from '../../kernel/mm/file-folios';
import type { LayoutField } from '../../language/layout';
import { ANY, INT, listOf, objectOf, PHYS, RECORD, STRING, type Value } from '../../language/types';
import { asNumber, asString, format, ProgramError } from '../../language/values';
import { fn, global, param, RecordMembers } from './define';
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
            if (typeof description !== 'object' || description === null) {
                throw new ProgramError(`the description must be a record, not ${format(description)}`);
            }
            kstate.entries.push({
                description,
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

export const fieldFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'offsetof',
        [TYPE, FIELD],
        { context: 'any', result: INT },
        'The offset of a field in a struct, in bytes: `offsetof(NicState, "ring")`.',
        (_context, [type, name]) => fieldOf(type, name).offset,
    ),
    fn(
        'sizeof_field',
        [TYPE, FIELD],
        { context: 'any', result: INT },
        'The size of a field of a struct, in bytes.',
        (_context, [type, name]) => fieldOf(type, name).size,
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
