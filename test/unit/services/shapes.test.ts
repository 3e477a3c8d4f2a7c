/** The shapes that the language server has instead of the natives: the same program is made of both. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { NATIVES } from '../../../emulator/diagnosis/natives';
import { check } from '../../../emulator/language/check/check';
import type { NativeShapes } from '../../../emulator/language/natives';
import { PAGES_4K } from '../../../emulator/machine/arch';
import { standardLibrary } from '../../../emulator/runtime/standard-library';
import { shapesModule } from '../../../emulator/services/shapes';
import { functionText } from '../../../emulator/services/signatures';
import { inRepository } from '../../support/repository';

function shapes(): NativeShapes {
    const exports: { NATIVES?: NativeShapes } = {};
    const source = shapesModule().replace(/^export const (\w+) =/gm, 'exports.$1 =');
    new Function('exports', source)(exports);
    return exports.NATIVES ?? assert.fail('no NATIVES');
}

/** All that is said of the natives, in their order. */
function told(n: NativeShapes): unknown[] {
    return [
        [...n.functions.values()].map((f) => [functionText(f), f.context, f.fails, f.doc]),
        [...n.objects.values(), n.fd].map((o) => [
            o.name,
            o.doc,
            o.ofKernel,
            o.element,
            [...o.fields.values()].map((f) => [f.name, f.type, f.writable === true, f.doc]),
            [...o.methods.values()].map((m) => [functionText(m), m.context, m.fails, m.doc]),
        ]),
        [...n.globals.values()].map((g) => [g.name, g.type, g.context, g.doc, g.constant?.(PAGES_4K)]),
        [...n.fileKinds, ...n.injectionPoints],
        (['handler', 'flb', 'file'] as const).map((kind) =>
            [...n.callbacks[kind]].map(([name, c]) => [name, c.params, c.result, c.required, c.doc]),
        ),
    ];
}

suite('shapes', () => {
    test('say the same as the natives', () => {
        assert.deepEqual(told(shapes()), told(NATIVES));
    });

    test('a field and a method are known by their identity, as those of the natives are', () => {
        const all = (n: NativeShapes): object[] =>
            [n.fd, ...n.objects.values()].flatMap((o) => [...o.fields.values(), ...o.methods.values()]);
        assert.equal(new Set(all(shapes())).size, new Set(all(NATIVES)).size);
    });

    test('examples are checked alike', () => {
        const plain = shapes();
        const folder = inRepository('extension/examples');
        for (const name of readdirSync(folder).filter((f) => f.endsWith('.lus'))) {
            const text = readFileSync(`${folder}/${name}`, 'utf8').replaceAll('vm1.', 'vm2.');
            const found = (natives: NativeShapes): string[] =>
                check({ read: () => text }, name, natives, standardLibrary()).diagnostics.map((d) => d.message);
            assert.deepEqual(found(plain), found(NATIVES), name);
        }
    });
});
