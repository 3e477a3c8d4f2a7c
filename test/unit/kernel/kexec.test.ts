/** Loading and unloading a kernel by kexec: which kernels can be loaded, and what becomes of the one that was. */
import assert from 'node:assert/strict';
import { loadKexec, unloadKexec } from '../../../emulator/kernel/kexec';
import type { KernelFile } from '../../../emulator/kernel/kho/segment-places';
import { ARM64, X86_64 } from '../../../emulator/kernel/release/arch';
import { err } from '../../../emulator/kernel/release/errno';
import { bareKernel } from '../../support/bare-kernel';
import { findingsOf, programOf } from '../../support/programs';
import { passes } from '../../support/runs';
import { GiB, MiB } from '../../support/kho-host';

const FILE: KernelFile = {
    name: '7.3',
    arch: X86_64,
    imageSize: 2 * MiB,
    commandLine: 'console=ttyS0',
    initrdSize: 0,
};
const SEGMENTS = { handover: false };

suite('kexec: loading', () => {
    test('the image takes memory, and gives it back', () => {
        const { kernel } = bareKernel({ memory: GiB });
        const free = kernel.pages.freePages();
        assert.equal(loadKexec(kernel, FILE, SEGMENTS), undefined);
        assert.equal(kernel.kexecImage?.kernel, '7.3');
        assert.ok(kernel.pages.freePages() < free - 512);
        assert.equal(unloadKexec(kernel), undefined);
        assert.equal(kernel.kexecImage, null);
        assert.equal(kernel.pages.freePages(), free);
        assert.equal(unloadKexec(kernel), undefined, 'nothing is loaded');
    });

    test('another one takes its place', () => {
        const { kernel } = bareKernel({ memory: GiB });
        loadKexec(kernel, FILE, SEGMENTS);
        const free = kernel.pages.freePages();
        assert.equal(loadKexec(kernel, { ...FILE, name: '7.2' }, { ...SEGMENTS, preserveContext: true }), undefined);
        assert.equal(kernel.kexecImage?.kernel, '7.2');
        assert.equal(kernel.kexecImage.preserveContext, true);
        assert.equal(kernel.pages.freePages(), free, 'the first one is given up');
    });

    test('one that cannot be loaded leaves the one that is', () => {
        const { kernel } = bareKernel({ memory: GiB });
        loadKexec(kernel, FILE, SEGMENTS);
        assert.equal(loadKexec(kernel, { ...FILE, name: 'arm', arch: ARM64 }, SEGMENTS), err('ENOEXEC'));
        assert.equal(loadKexec(kernel, { ...FILE, imageSize: 2 * GiB }, SEGMENTS), err('EADDRNOTAVAIL'));
        assert.equal(loadKexec(kernel, { ...FILE, imageSize: 800 * MiB, initrdSize: 100 * MiB }, SEGMENTS), undefined);
        assert.equal(loadKexec(kernel, { ...FILE, imageSize: 800 * MiB }, SEGMENTS), err('ENOMEM'), 'both at a time');
        assert.equal(kernel.kexecImage?.kernel, '7.3');
    });

    test('while somebody loads a kernel or reboots, nobody unloads one', () => {
        const { kernel } = bareKernel({ memory: GiB });
        loadKexec(kernel, FILE, SEGMENTS);
        const task = { id: 1, name: 'vmm' };
        assert.ok(kernel.kexecLock.acquire(task, 'write'));
        assert.equal(unloadKexec(kernel), err('EBUSY'));
        assert.notEqual(kernel.kexecImage, null);
        kernel.kexecLock.release(task);
        assert.equal(unloadKexec(kernel), undefined);
    });
});

suite('kexec: a jump from which the kernel comes back', () => {
    test('reboot() returns, the processes go on, and the image is still loaded', () => {
        passes(`scenario "s" {
    boot "7.2"
    process p {
        kexec_load("7.2", preserve_context: true)
        m = memfd_create("m")
        reboot(KEXEC)
        m.pwrite("x", at: 0)
        reboot(KEXEC)
        assert m.pread(1, at: 0) == bytes("x")
        kexec_unload()
        reboot(KEXEC)  fails EINVAL
    }
    assert kernel.boot == 0
}
`);
    });

    test('the checker: what is loaded anew decides, in functions, too', () => {
        const findings = (body: string): string[] =>
            findingsOf(
                programOf(`fn load() { kexec_load("7.2", preserve_context: true) }
scenario "s" {
    boot "7.2"
    process p {
        ${body}
        log(1)
    }
}
`),
            );
        assert.deepEqual(findings('load(); reboot(KEXEC)'), []);
        const never = ['6: LU0406: This never runs: the `reboot(KEXEC)` on line 5 ends every process.'];
        assert.deepEqual(findings('load(); kexec_file_load("7.2"); reboot(KEXEC)'), never);
        assert.deepEqual(findings('kexec_load("7.2"); reboot(KEXEC)'), never);
    });
});
