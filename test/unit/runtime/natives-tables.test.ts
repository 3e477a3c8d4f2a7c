/** The tables of natives: no name twice, a word about each, and how they are defined. */
import assert from 'node:assert/strict';
import { NATIVES } from '../../../emulator/diagnosis/natives';
import { Lock } from '../../../emulator/kernel/lock';
import { INT } from '../../../emulator/language/types';
import { fn, Members, param, table } from '../../../emulator/runtime/natives/define';
import type { NativeFunction } from '../../../emulator/runtime/natives/native';
import { KERNEL_NATIVES } from '../../../emulator/runtime/natives/tracepoints';
import { DECLARED } from '../../../emulator/runtime/touching/declared';

const native = (name: string): NativeFunction => fn(name, [], {}, 'Does nothing.', () => undefined);

suite('tables of natives', () => {
    test('a name that is there twice is an error where the table is made', () => {
        assert.throws(() => table([native('a'), native('b'), native('a')]), /the native a is defined twice/);
        assert.throws(
            () =>
                new Members(Lock, 'lock', 'A lock.').field('n', INT, 'One.', () => 1).field('n', INT, 'Two.', () => 2),
            /the native lock\.n is defined twice/,
        );
        assert.throws(
            () => new Members(Lock, 'lock', 'A lock.').method('m', [], {}, 'One.', () => 1).add(native('m')),
            /the native lock\.m is defined twice/,
        );
        const more = new Members(Lock, 'lock', '').field('n', INT, 'Two.', () => 2);
        const members = new Members(Lock, 'lock', 'A lock.').field('n', INT, 'One.', () => 1);
        assert.throws(() => members.and(more), /the native lock\.n is defined twice/);
    });

    test('members of several files are the members of one object', () => {
        const more = new Members(Lock, 'lock', '').field('b', INT, 'Two.', () => 2).method('m', [], {}, 'M.', () => 3);
        const { type } = new Members(Lock, 'lock', 'A lock.', false).field('a', INT, 'One.', () => 1).and(more);
        assert.deepEqual([...type.fields.keys()], ['a', 'b']);
        assert.deepEqual([...type.methods.keys()], ['m']);
        assert.equal(type.doc, 'A lock.');
        assert.equal(type.ofKernel, false);
    });

    test('what natives touch is declared for natives that exist', () => {
        const { functions, globals, objects, fd } = NATIVES;
        const known = new Set([...functions.keys(), ...KERNEL_NATIVES.functions.keys(), ...globals.keys()]);
        for (const { name, fields, methods } of [fd, ...objects.values()]) {
            for (const field of fields.values()) {
                known.add(`${name}.${field.name}`);
                if (field.set) {
                    known.add(`${name}.${field.name}=`);
                }
            }
            for (const method of methods.keys()) {
                known.add(`${name}.${method}`);
            }
        }
        assert.deepEqual(
            [...DECLARED.keys()].filter((name) => !known.has(name)),
            [],
        );
    });

    test('a native in a table has the name by which it is found, and a word about it', () => {
        const { functions, globals, objects, fd } = NATIVES;
        const tables = new Map<string, ReadonlyMap<string, { readonly name: string; readonly doc: string }>>([
            ['', functions],
            ['global ', globals],
            ['object ', objects],
        ]);
        for (const object of [fd, ...objects.values()]) {
            tables.set(`field ${object.name}.`, object.fields).set(`method ${object.name}.`, object.methods);
        }
        for (const [of, natives] of tables) {
            for (const [name, { name: own, doc }] of natives) {
                assert.equal(own, name);
                assert.notEqual(doc.trim(), '', `${of}${name}`);
            }
        }
    });

    test('there is exactly one thing behind each function: code of the emulator, of std, or a callback', () => {
        const { functions, objects, fd } = NATIVES;
        for (const methods of [functions, fd.methods, ...[...objects.values()].map((o) => o.methods)]) {
            for (const { name, call, code, callback, takes, long } of methods.values()) {
                assert.equal([call, code, callback].filter((x) => x !== undefined).length, 1, name);
                assert.ok(call || (!takes && !long), `${name}: code of std takes its locks itself`);
            }
        }
    });

    test('a method is called with its receiver, and with as many arguments as it has', () => {
        const { methods } = new Members(Array<number>, 'numbers', 'Numbers.')
            .method('none', [], {}, 'None.', (self, args) => self.length + args.length)
            .method('three', [param('a', INT), param('b', INT), param('c', INT)], {}, 'Three.', (_self, args) =>
                args.join(),
            ).type;
        const call = (name: string, ...args: unknown[]): unknown => {
            const method = methods.get(name);
            assert.ok(method?.call);
            // nothing here looks at the interpreter
            return Reflect.apply(method.call, undefined, [undefined, args]);
        };
        assert.equal(call('none', [1, 2]), 2);
        assert.equal(call('three', [], 4, 5, 6), '4,5,6');
        assert.throws(() => call('none', 'text'), /this must be a numbers, not "text"/);
    });
});
