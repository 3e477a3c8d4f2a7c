/** System calls and kernel functions as the language has them. */
import assert from 'node:assert/strict';
import { Err } from '../../../emulator/kernel/release/errno';
import {
    F_SEAL_EXEC,
    F_SEAL_GROW,
    MFD_ALLOW_SEALING,
    SEEK_CUR,
    SEEK_END,
    SEEK_HOLE,
    SEEK_SET,
} from '../../../emulator/kernel/fs/fcntl';
import { OpenFile } from '../../../emulator/kernel/fs/file';
import { FolioList, FolioRef } from '../../../emulator/kernel/mm/file-folios';
import { Bytes } from '../../../emulator/machine/bytes';
import { JournaledList } from '../../../emulator/machine/journal';
import { byteFunctions } from '../../../emulator/runtime/natives/constants';
import { fileFunctions } from '../../../emulator/runtime/natives/files';
import { folioFunctions } from '../../../emulator/runtime/natives/folios';
import type { NativeContext, NativeFunction } from '../../../emulator/runtime/natives/native';
import { descriptorMethods, fileSyscalls } from '../../../emulator/runtime/natives/syscalls';
import type { Value } from '../../../emulator/language/types';
import { bareKernel } from '../../support/bare-kernel';
import { nameOf } from '../../support/errors';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

type Native = NativeFunction<NativeContext>;

function host(memory?: number): NativeContext {
    return bareKernel(memory === undefined ? {} : { memory }).context;
}

/** Calls a native as the interpreter does: what is left out has its default. */
function call(
    context: NativeContext,
    natives: readonly Native[],
    name: string,
    receiver: readonly Value[],
    ...args: Value[]
): Value | Err {
    const native = natives.find((n) => n.name === name);
    assert.ok(native?.call, name);
    return native.call(context, [...receiver, ...native.params.map((p, i) => (i < args.length ? args[i] : p.default))]);
}

const sys = (context: NativeContext, name: string, ...args: Value[]): Value | Err =>
    call(context, fileSyscalls, name, [], ...args);
const on = (context: NativeContext, fd: Value | Err, name: string, ...args: Value[]): Value | Err => {
    assert.ok(!(fd instanceof Err));
    return call(context, descriptorMethods, name, [fd], ...args);
};
const kernel = (context: NativeContext, name: string, ...args: Value[]): Value | Err =>
    call(context, [...fileFunctions, ...folioFunctions], name, [], ...args);

suite('system calls in the language', () => {
    test('memfd_create, truncate, pwrite, pread', () => {
        const vm = host();
        const ram = sys(vm, 'memfd_create', 'guest-ram');
        assert.equal(on(vm, ram, 'truncate', 64 * MiB), undefined);
        assert.equal(on(vm, ram, 'pwrite', Bytes.pattern(7, 16 * MiB), 0), 16 * MiB);
        const got = on(vm, ram, 'pread', 16 * MiB, 0);
        assert.ok(got instanceof Bytes && got.equals(Bytes.pattern(7, 16 * MiB)));
        assert.equal(on(vm, ram, 'pwrite', 'héllo', 3), 6, 'strings are written as UTF-8');
        assert.equal(on(vm, ram, 'lseek', 0, SEEK_HOLE), 16 * MiB);
        assert.equal(nameOf(on(vm, ram, 'add_seals', F_SEAL_GROW)), 'EPERM', 'without MFD_ALLOW_SEALING');
        assert.equal(nameOf(on(vm, -1, 'truncate', 5)), 'EBADF');
    });

    test('more than one call transfers is transferred by several', () => {
        const vm = host(6 * GiB);
        const ram = sys(vm, 'memfd_create', 'ram', 0, true);
        assert.equal(on(vm, ram, 'pwrite', Bytes.pattern(1, 5 * GiB), 0), 5 * GiB);
        const got = on(vm, ram, 'pread', 8 * GiB, 0);
        assert.ok(got instanceof Bytes && got.equals(Bytes.pattern(1, 5 * GiB)));
        const rest = on(vm, ram, 'write', Bytes.pattern(2, 3 * GiB));
        assert.equal(rest, 3 * GiB);
        const read = on(vm, ram, 'read', 3 * GiB);
        assert.ok(read instanceof Bytes && read.equals(Bytes.pattern(1, 5 * GiB).slice(3 * GiB)));
    });

    test('64-bit arguments are signed offsets', () => {
        const vm = host();
        const ram = sys(vm, 'memfd_create', 'ram');
        assert.equal(nameOf(on(vm, ram, 'truncate', 2n ** 64n - 1n)), 'EINVAL', '−1');
        assert.equal(on(vm, ram, 'truncate', 2n ** 63n - 1n), undefined);
        assert.equal(on(vm, ram, 'lseek', -1, SEEK_END), 2n ** 63n - 2n);
        assert.equal(on(vm, ram, 'lseek', 2n ** 53n, SEEK_SET), 2n ** 53n);
        assert.equal(on(vm, ram, 'lseek', 1, SEEK_CUR), 2n ** 53n + 1n, 'no digit is lost');
        assert.equal(nameOf(on(vm, ram, 'fallocate', 2n ** 63n - 4096n, 4097, false)), 'EFBIG');
        assert.equal(nameOf(on(vm, ram, 'pread', 1, 2n ** 63n)), 'EINVAL');
    });

    test('a pipe is a list of two descriptors', () => {
        const vm = host();
        const ends = sys(vm, 'pipe');
        assert.ok(ends instanceof JournaledList);
        assert.deepEqual(ends.items, [3, 4]);
        assert.equal(on(vm, 4, 'write', 'abc'), 3);
        const got = on(vm, 3, 'read', 10);
        assert.ok(got instanceof Bytes && got.equals(Bytes.text('abc')));
    });

    test('setrlimit_nofile, tmpfile', () => {
        const vm = host();
        assert.equal(sys(vm, 'setrlimit_nofile', 4), undefined);
        assert.equal(sys(vm, 'tmpfile'), 3);
        assert.equal(nameOf(sys(vm, 'socket')), 'EMFILE');
    });

    test('bytes() takes integers, strings and bytes', () => {
        const vm = host();
        const got = call(
            vm,
            byteFunctions,
            'bytes',
            [],
            new JournaledList<Value>(vm.running.journal, [1, 'ab', Bytes.zero(2)]),
        );
        assert.ok(got instanceof Bytes);
        assert.deepEqual([...got.toUint8Array()], [1, 97, 98, 0, 0]);
        assert.throws(
            () => call(vm, byteFunctions, 'bytes', [], new JournaledList<Value>(vm.running.journal, [256])),
            /256 is not a byte/,
        );
    });
});

suite('kernel functions in the language', () => {
    test('the folios of a preserved memfd go into a new one', () => {
        const vm = host();
        const fd = sys(vm, 'memfd_create', 'ram', MFD_ALLOW_SEALING);
        on(vm, fd, 'write', Bytes.pattern(3, 3 * 4096));
        assert.ok(!(fd instanceof Err));
        const file = kernel(vm, 'fget', fd);
        assert.ok(!(file instanceof Err));
        const folios = kernel(vm, 'memfd_pin_folios', file, 0, 3 * 4096 - 1);
        assert.ok(folios instanceof FolioList);
        const copy = kernel(vm, 'memfd_alloc_file', '');
        assert.ok(copy instanceof OpenFile);
        assert.equal(nameOf(kernel(vm, 'memfd_pin_folios', copy, 0, 0)), 'EINVAL', 'it is empty');
        for (let i = 0; i < folios.length; i++) {
            assert.equal(kernel(vm, 'shmem_add_folio', copy.inode, folios.elementAt(i), i), undefined);
        }
        assert.equal(nameOf(kernel(vm, 'shmem_add_folio', copy.inode, folios.elementAt(0), 2)), 'EEXIST');
        assert.equal(vm.running.memmap.refs(folios.pfn(0)), 3, 'two page caches and a pin');
        kernel(vm, 'unpin_folios', folios);
        assert.equal(vm.running.memmap.refs(folios.pfn(0)), 2);
        const there = kernel(vm, 'get_unused_fd');
        assert.ok(!(there instanceof Err));
        vm.process.fds.install(Number(there), copy);
        assert.equal(on(vm, there, 'add_seals', F_SEAL_EXEC), undefined);
        assert.equal(
            nameOf(on(vm, there, 'pwrite', 'x', 0)),
            'EPERM',
            'it is executable, so F_SEAL_EXEC seals it against writing',
        );
    });

    test('alloc_folio gives zeroed memory with one reference, put_folio frees it', () => {
        const vm = host();
        const free = vm.running.pages.freePages();
        const folio = kernel(vm, 'alloc_folio', 3, 'ring');
        assert.ok(folio instanceof FolioRef);
        assert.equal(vm.running.pages.freePages(), free - 8);
        assert.equal(vm.running.owners.name(vm.running.memmap.ownerOf(folio.pfn)), 'ring');
        kernel(vm, 'put_folio', folio);
        assert.equal(vm.running.pages.freePages(), free);
        assert.equal(nameOf(kernel(vm, 'alloc_folio', 11)), 'ENOMEM');
    });
});
