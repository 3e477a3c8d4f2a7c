/** An image of a kernel with pages of another size. */
import assert from 'node:assert/strict';
import { Diagnoses } from '../../../emulator/diagnosis/diagnoses';
import { loadProgram } from '../../../emulator/run/load-program';
import { Run } from '../../../emulator/run/run';
import { handoversOf } from '../../support/handovers';
import { programOf } from '../../support/programs';
import { runToEnd } from '../../support/runs';

function codes(page: string, image: Uint8Array): string[] {
    const text = `machine { arch arm64; page ${page}; memory 4GiB }
scenario "s" { boot "7.3" from image "made" }`;
    const program = loadProgram({ read: () => text, readBytes: () => image }, 'x.lus');
    const { host } = Run.start(program);
    runToEnd(host);
    return (Diagnoses.of(host)?.found.items ?? []).map((d) => d.code);
}

test('LU1092 says that the kernel of an image had pages of another size', () => {
    const { images } = handoversOf(
        programOf(`machine { arch arm64; memory 4GiB }
scenario "s" {
    boot "7.3"
    process luod {
        s = open("/dev/liveupdate").create_session("vm-1")
        s.preserve_fd(memfd_create("ram"), token: 1)
        kexec_file_load("7.3")
        reboot(KEXEC)
    }
}`),
        's',
    );
    const image = images[0] ?? assert.fail();
    assert.ok(!codes('4KiB', image).includes('LU1092'));
    assert.ok(codes('64KiB', image).includes('LU1092'));
});
