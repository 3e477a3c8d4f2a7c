/** Kernels that are built for another architecture than the machine. */
import assert from 'node:assert/strict';
import { correctProgram } from '../../support/programs';
import { failureOf } from '../../support/runs';

const built = (machine: string, kernel: string, does: string): string => `
machine { arch ${machine} }
kernel "other" from "7.2" { arch ${kernel} }
scenario "s" { ${does} }
`;

suite('kernels for another architecture', () => {
    for (const [machine, kernel, says] of [
        ['arm64', 'x86_64', 'kernel "other" is built for x86-64, but the machine is arm64'],
        ['x86_64', 'arm64', 'kernel "other" is built for arm64, but the machine is x86-64'],
    ] as const) {
        test(`a machine with ${machine} is not switched on with one for ${kernel}, and kexec refuses it`, () => {
            const failure = failureOf(correctProgram(built(machine, kernel, 'boot "other"')));
            assert.ok(failure?.startsWith(says), failure);
            const loads = 'boot "7.2"\n process a { kexec_file_load("other")  fails ENOEXEC }';
            assert.equal(failureOf(correctProgram(built(machine, kernel, loads))), undefined);
        });
    }

    test('a machine starts with a kernel for its own', () => {
        assert.equal(failureOf(correctProgram(built('arm64', 'arm64', 'boot "other"'))), undefined);
    });
});
