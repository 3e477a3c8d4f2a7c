/** Emulated kernels that boot from images of a real one, and what is said where that cannot be. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { inRepository } from '../support/repository';
import { diskHost, findingsOf } from '../support/programs';
import { failuresOf } from '../support/runs';
import type { SourceHost } from '../../emulator/language/load';
import { loadProgram } from '../../emulator/run/load-program';

const FOLDER = inRepository('test/conformance/images');

/** A program that stands beside the images. */
function beside(text: string, bytes?: Uint8Array): ReturnType<typeof loadProgram> {
    const main = `${FOLDER}/test.lus`;
    const host: SourceHost = {
        ...diskHost,
        read: (uri) => (uri === main ? text : undefined),
        readBytes: (uri) => (bytes && uri.endsWith('/made') ? bytes : diskHost.readBytes?.(uri)),
        exists: (uri) => uri.endsWith('/made') || (diskHost.exists?.(uri) ?? false),
    };
    return loadProgram(host, main);
}

suite('a kernel that boots from an image', () => {
    const files = readdirSync(FOLDER).filter((f) => f.startsWith('take-over-'));

    test('there is a scenario for each image', () => {
        assert.deepEqual(files.sort(), ['take-over-1.lus', 'take-over-3.lus']);
    });

    for (const file of files) {
        test(file, () => {
            const program = loadProgram(diskHost, `${FOLDER}/${file}`);
            assert.deepEqual(findingsOf(program), []);
            assert.ok(program.scenarios.length > 0);
            assert.deepEqual(failuresOf(program), []);
        });
    }

    test('an image that is not there is found before the run', () => {
        assert.deepEqual(findingsOf(beside('scenario "s" { boot "7.2" from image "nowhere.elf.gz" }')), [
            '1: LU0215: There is no file "nowhere.elf.gz" in the folder of this file.',
        ]);
        assert.deepEqual(findingsOf(beside('scenario "s" { boot "7.2" from image "../images/image-1.elf.gz" }')), [
            '1: LU0215: An image must be in the folder of this file or below it: `"handover.elf.gz"`.',
        ]);
        assert.match(
            findingsOf(beside('scenario "s" { boot "7.2" from "image-1.elf.gz" }')).join(),
            /LU0137: Expected a memory image after `from`/,
        );
    });

    test('a machine of another shape says so', () => {
        const program = beside('machine { memory 128MiB }\nscenario "s" { boot "7.2" from image "image-1.elf.gz" }');
        assert.match(
            failuresOf(program).join(),
            /image "image-1\.elf\.gz" has memory at 0xfc29000-0xfc29fff, which this machine does not have/,
        );
    });

    test('what is no image says so', () => {
        const text = 'scenario "s" { boot "7.2" from image "made" }';
        assert.match(
            failuresOf(beside(text, new TextEncoder().encode('not an image'))).join(),
            /"made" is not a memory image: this is not an ELF file/,
        );
    });
});
