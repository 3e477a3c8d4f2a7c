/** Files of a program: how imports name them, and what is read again when one of them changes. */
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import { check } from '../../../emulator/language/check/check';
import { canonicalUri, isBeside, uriBeside } from '../../../emulator/language/paths';
import type { Program } from '../../../emulator/language/program';
import { ParseCache } from '../../../emulator/language/syntax/parse-cache';
import { NATIVES } from '../../support/checker-natives';

suite('language: files', () => {
    test('a path means the file that a URL of it means', () => {
        const paths = [
            'nic.lus',
            './nic.lus',
            'a/b/c.lus',
            'a/./b.lus',
            'with space#1?.lus',
            'ä/100%.lus',
            '{x}`^.lus',
        ];
        const bases = [
            pathToFileURL('/home/a b/c#d/main.lus').href,
            'file:///c%3A/x/main.lus',
            'untitled:/home/x/main.lus',
            'vscode-vfs://github/owner/name/main.lus',
            'lus-std:/luod.lus',
            'mem:/main.lus',
        ];
        for (const base of bases) {
            for (const path of paths) {
                assert.ok(isBeside(path));
                const encoded = path.split('/').map(encodeURIComponent).join('/');
                assert.equal(uriBeside(base, path), new URL(encoded, base).href, `${path} in ${base}`);
            }
        }
        assert.equal(uriBeside('https://host/a/main.lus?b=/c/d#/e', 'nic.lus'), 'https://host/a/nic.lus');
        assert.equal(uriBeside('untitled:Untitled-1', 'nic.lus'), 'nic.lus');
        assert.equal(uriBeside('mem:/main.lus', '\ud800.lus'), 'mem:/%EF%BF%BD.lus');
    });

    test('a file has one URI, however a client writes it', () => {
        for (const [written, canonical] of [
            ['file:///home/a/lib%2Bx%401.lus', 'file:///home/a/lib+x@1.lus'],
            ['file:///home/a/%26%3D%2C%3B%24%3A.lus', 'file:///home/a/&=,;$:.lus'],
            ['file:///home/a/b c.lus', 'file:///home/a/b%20c.lus'],
            ['file:///home/a/%c3%a4.lus', 'file:///home/a/%C3%A4.lus'],
            ['file:///home/a/a%CC%88.lus', 'file:///home/a/a%CC%88.lus'],
            ['file:///home/a/%23%3F%25.lus', 'file:///home/a/%23%3F%25.lus'],
            ['file:///home/a%2Fb.lus', 'file:///home/a%2Fb.lus'],
            ['file:///c%3A/Users/x.lus', 'file:///C:/Users/x.lus'],
            ['file:///c:/Users/x.lus', 'file:///C:/Users/x.lus'],
            ['file://Server/share/x.lus', 'file://server/share/x.lus'],
            ['file:///%zz.lus', 'file:///%25zz.lus'],
            ['untitled:Untitled-1', 'untitled:Untitled-1'],
            ['lus-std:/kernel.lus', 'lus-std:/kernel.lus'],
        ] as const) {
            assert.equal(canonicalUri(written), canonical);
            assert.equal(canonicalUri(canonical), canonical);
        }
        for (const name of ['lib+x@1.lus', 'b c.lus', 'ä.lus', 'a&=,;$:.lus', '#?%.lus', "(2)!'~*.lus"]) {
            const path = `/home/a/${name}`;
            assert.equal(canonicalUri(pathToFileURL(path).href), uriBeside('file:///home/a/main.lus', name), name);
        }
    });

    test('nothing outside of the folder is beside a file', () => {
        for (const path of ['', '/etc/x.lus', '../x.lus', 'a/../../x.lus', 'a\\b.lus', 'file:///x.lus', 'c:x.lus']) {
            assert.equal(isBeside(path), false, path);
        }
    });

    test('with a cache only what has changed is parsed again, and the findings are those of a check without one', () => {
        const files = new Map([
            ['a.lus', 'import "b.lus"\nimport "c.lus"\nscenario "s" { boot "7.2"\n log(twice(N)) }\n'],
            ['b.lus', 'const N = 2\n'],
            ['c.lus', 'fn twice(n) { return n * 2 }\n'],
        ]);
        const host = { read: (uri: string) => files.get(uri) };
        const cache = new ParseCache();
        let parsed: string[] = [];
        const checked = (): Program => {
            parsed = [];
            const program = check(host, 'a.lus', NATIVES, undefined, (uri, text) => {
                const before = seen.get(uri);
                const file = cache.parse(uri, text);
                if (file !== before) {
                    parsed.push(uri);
                }
                seen.set(uri, file);
                return file;
            });
            assert.deepEqual(program.diagnostics, check(host, 'a.lus', NATIVES).diagnostics);
            return program;
        };
        const seen = new Map<string, unknown>();
        assert.deepEqual(checked().diagnostics, []);
        assert.deepEqual(parsed, ['a.lus', 'b.lus', 'c.lus']);
        checked();
        assert.deepEqual(parsed, []);
        files.set('b.lus', 'const M = 2\n');
        assert.deepEqual(
            checked().diagnostics.map((d) => [d.uri, d.code]),
            [['a.lus', 'LU0201']],
        );
        assert.deepEqual(parsed, ['b.lus']);
        files.set('b.lus', 'const N = 2 ~\n');
        assert.deepEqual(
            checked().diagnostics.map((d) => [d.uri, d.code]),
            [['b.lus', 'LU0116']],
        );
        assert.deepEqual(parsed, ['b.lus']);
    });
});
