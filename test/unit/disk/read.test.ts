/** Files of this machine: regular ones, within limits, and none outside of folders that are not trusted. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { MOST_TEXT, readNamed, readRegular, Unreadable } from '../../../emulator/disk/read';
import { filesOnDisk } from '../../../emulator/disk/source-files';

suite('files on disk', () => {
    let folder = '';
    const at = (name: string): string => path.join(folder, name);
    const uri = (name: string): string => pathToFileURL(at(name)).href;

    setup(() => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-disk-'));
        writeFileSync(at('a.lus'), 'scenario "ä" { }');
    });
    teardown(() => rmSync(folder, { recursive: true }));

    test('regular files, and links to them', () => {
        symlinkSync(at('a.lus'), at('link.lus'));
        assert.equal(filesOnDisk().read(uri('link.lus')), 'scenario "ä" { }');
        writeFileSync(at('b.gz'), gzipSync('12'));
        assert.deepEqual([...(filesOnDisk().readBytes(uri('b.gz')) ?? [])], [0x31, 0x32]);
    });

    test('no devices, no pipes, no folders', function () {
        if (process.platform === 'win32') {
            console.log('        skipped: this system has neither /dev/zero nor mkfifo');
            this.skip();
        }
        symlinkSync('/dev/zero', at('zero.lus'));
        execFileSync('mkfifo', [at('pipe.lus')]);
        mkdirSync(at('folder.lus'));
        for (const name of ['zero.lus', 'pipe.lus', 'folder.lus']) {
            assert.equal(filesOnDisk().read(uri(name)), undefined, name);
            assert.equal(filesOnDisk().exists(uri(name)), true, name);
            assert.throws(() => readRegular(at(name), MOST_TEXT), Unreadable);
        }
        assert.equal(filesOnDisk().exists(uri('nothing.lus')), false);
        assert.throws(() => readNamed('/dev/zero', 1_000_000), /is larger than 1 MiB/);
    });

    test('nothing larger than the limit', () => {
        truncateSync(at('a.lus'), MOST_TEXT + 1);
        assert.equal(filesOnDisk().read(uri('a.lus')), undefined);
        assert.throws(() => readRegular(at('a.lus'), MOST_TEXT), /is larger than 64 MiB/);
    });

    test('nothing outside of folders that are not trusted, through links neither', () => {
        mkdirSync(at('inside'));
        writeFileSync(at('inside/b.lus'), 'b');
        symlinkSync(at('a.lus'), at('inside/out.lus'));
        const files = filesOnDisk(() => [at('inside')]);
        assert.equal(files.read(uri('inside/b.lus')), 'b');
        assert.equal(files.read(uri('inside/out.lus')), undefined);
        assert.equal(files.read(uri('a.lus')), undefined);
        assert.equal(files.read(uri('inside/../a.lus')), undefined);
    });
});
