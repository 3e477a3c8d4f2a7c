/** The kernel's own device nodes and debugfs files, the files on them, and files that are released. */
import assert from 'node:assert/strict';
import { deviceKindAt, openDeviceNode } from '../../../emulator/kernel/device-nodes';
import { Iommufd, iommufdOf } from '../../../emulator/kernel/devices/iommufd';
import { openMemDevice } from '../../../emulator/kernel/fs/mem-devices';
import {
    discardFile,
    fput,
    getFile,
    hasDelayedFput,
    nextDelayedFput,
    releaseFile,
} from '../../../emulator/kernel/fs/file';
import { fgetPriv, installNewFd, privOf, spawn } from '../../../emulator/kernel/fs/process';
import { makeVm, vmOf } from '../../../emulator/kernel/kvm/file';
import { err } from '../../../emulator/kernel/release/errno';
import { Run } from '../../../emulator/run/run';
import { programOf } from '../../support/programs';
import { bareKernel } from '../../support/bare-kernel';

suite('device nodes', () => {
    test('which there are depends on the kernel and its machine', () => {
        const { host } = Run.start(
            programOf({
                's.lus': `machine { memory 1GiB
iommu vtd
device gpu at "0000:3b:00.0" { kind gpu; driver vfio } }
scenario "s" { boot "7.0" }`,
            }),
        );
        host.interpreter.run(1e9);
        const kernel = host.running;
        const kinds = new Map([
            ['/dev/liveupdate', 'liveupdate'],
            ['/dev/iommu', 'iommu'],
            ['/dev/vfio/devices/vfio0', 'vfio'],
            ['/dev/vfio/devices/vfio1', undefined],
            ['/sys/kernel/debug/kho/out/fdt', 'kho_debugfs'],
            ['/sys/kernel/debug/kho/in/fdt', undefined],
            ['/dev/null', undefined],
        ]);
        for (const [path, kind] of kinds) {
            assert.equal(deviceKindAt(kernel, path), kind, path);
            assert.equal(openDeviceNode(kernel, kind ?? 'iommu', path)?.kind, kind, path);
        }
        assert.equal(openDeviceNode(kernel, 'vfio', '/dev/iommu'), undefined, 'another kind');
    });

    test('/dev/liveupdate is there once LUO is up, and free again when its file is released', () => {
        const { kernel } = bareKernel();
        const { luo } = kernel;
        assert.equal(deviceKindAt(kernel, '/dev/liveupdate'), undefined);
        luo.setOutgoing(0x1000, 0x2000);
        assert.equal(deviceKindAt(kernel, '/dev/liveupdate'), 'liveupdate');
        const open = () => openDeviceNode(kernel, 'liveupdate', '/dev/liveupdate') ?? assert.fail();
        kernel.journal.edit(luo).deviceInUse = true;
        const [user, refused] = [open(), open()];
        discardFile(kernel, refused);
        assert.equal(luo.deviceInUse, true, 'the one whose open() failed never had it');
        assert.equal(refused.inode.opens, 0);
        releaseFile(kernel, user);
        assert.equal(luo.deviceInUse, false);
    });
});

suite('files', () => {
    test('task_work_run() takes what waits, the newest first, and then what has come up meanwhile', () => {
        const { kernel } = bareKernel();
        const files = ['a', 'b', 'c'].map(() => openMemDevice(kernel, '/dev/null', 0));
        const [a, b, c] = files;
        assert.ok(a && b && c);
        assert.equal(hasDelayedFput(kernel), false);
        fput(kernel, a);
        fput(kernel, b);
        assert.equal(nextDelayedFput(kernel), b);
        fput(kernel, c);
        assert.equal(nextDelayedFput(kernel), a);
        assert.ok(hasDelayedFput(kernel));
        assert.equal(nextDelayedFput(kernel), c);
        assert.equal(hasDelayedFput(kernel), false);
        assert.equal(nextDelayedFput(kernel), undefined);
    });

    test('a file for which no descriptor is left is gone', () => {
        const { kernel, context } = bareKernel();
        const { process } = context;
        const file = getFile(kernel, openMemDevice(kernel, '/dev/null', 0));
        assert.equal(installNewFd(kernel, process, file), 3);
        kernel.journal.edit(process).nofile = 4;
        assert.equal(installNewFd(kernel, process, file), err('EMFILE'));
        assert.equal(file.refs, 1, 'the reference of the one that was to be');
    });

    test('an ioctl on a file of another kind is ENOTTY, on no file EBADF', () => {
        const { kernel } = bareKernel();
        const process = spawn(kernel, 'vmm');
        const made = makeVm(kernel, 'guest');
        assert.ok('vm' in made);
        const fd = installNewFd(kernel, process, made.file);
        assert.ok(typeof fd === 'number');
        assert.equal(vmOf(process, fd), made.vm);
        assert.equal(iommufdOf(process, fd), err('ENOTTY'));
        assert.equal(fgetPriv(process, 0, Iommufd), err('ENOTTY'), '/dev/null has none');
        assert.equal(vmOf(process, 99), err('EBADF'));
        assert.equal(privOf(made.file, Iommufd), err('ENOTTY'));
    });
});
