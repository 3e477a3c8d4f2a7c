/** Mounts of tmpfs: paths, names, limits, what a descriptor keeps, and the handlers that carry them over a kexec. */
import assert from 'node:assert/strict';
import { O_CREAT, O_RDWR } from '../../../../emulator/kernel/fs/fcntl';
import { spawn } from '../../../../emulator/kernel/fs/process';
import { sysClose } from '../../../../emulator/kernel/fs/syscalls/file';
import { sysBindMount, sysFsmountTmpfs, sysMountTmpfs, sysUmount } from '../../../../emulator/kernel/fs/syscalls/mount';
import { sysOpen, sysOpenat } from '../../../../emulator/kernel/fs/syscalls/open';
import { sysWrite } from '../../../../emulator/kernel/fs/syscalls/rw';
import { Bytes } from '../../../../emulator/machine/bytes';
import { namedItems, type Item } from '../../../../emulator/presentation/item';
import { machineItems } from '../../../../emulator/presentation/machine';
import { Run } from '../../../../emulator/run/run';
import { fingerprint } from '../../../../emulator/timeline/fingerprint';
import { testKernel } from '../../../support/files-kernel';
import { programOf } from '../../../support/programs';
import { FOREVER, passes } from '../../../support/runs';

const NEXT = 'kernel "next" from "7.3" { layers tmpfs }\n';

const inProcess = (code: string): void =>
    passes(`scenario "s" {\n    boot "7.3"\n    process p {\n${code}\n    }\n}\n`);

/** A session with a mount and what `code` does; then the next kernel. */
const carried = (before: string, after: string, finds = ''): void =>
    passes(`${NEXT}
scenario "s"${finds} {
    boot "next"
    process p {
        mount_tmpfs("/m", size: 64KiB, mode: 0x1c0)
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(open("/m", O_RDONLY), token: 1)
${before}
        kexec_file_load("next")
        reboot(KEXEC)
    }
    process p {
        s = open("/dev/liveupdate").retrieve_session("s")
${after}
    }
}
`);

suite('mounts of tmpfs', () => {
    test('a path needs its directories; names are made, changed and removed', () =>
        inProcess(
            `
        mount_tmpfs("/m")
        mkdir("/m/d")
        mkdir("/m/d")            fails EEXIST
        mkdir("/m")              fails EEXIST
        mkdir("/m/x/y")          fails ENOENT
        f = open("/m/d/f", O_RDWR | O_CREAT)
        open("/m/d/f/g")         fails ENOTDIR
        open("/m/d", O_RDWR)     fails EISDIR
        open("/m/d/f", O_RDONLY | O_DIRECTORY)            fails ENOTDIR
        open("/m/d", O_RDONLY | O_CREAT | O_DIRECTORY)    fails EINVAL
        rename("/m/d", "/m/d/e")    fails EINVAL
        rename("/m/d/f", "/tmp/f")  fails EXDEV
        rename("/m/d/f", "/m/d")    fails EISDIR
        mkdir("/m/e")
        rename("/m/e", "/m/d/f")    fails ENOTDIR
        rename("/m/e", "/m/d")      fails ENOTEMPTY
        rename("/m/d", "/m/e")
        assert readlink(str("/proc/self/fd/", f)) == "/m/e/f"
        g = open("/m/g", O_RDWR | O_CREAT)
        rename("/m/e/f", "/m/g")
        assert g.nlink == 0 && f.nlink == 1
        assert readlink(str("/proc/self/fd/", g)) == "/m/g (deleted)"
        unlink("/m/e")  fails EISDIR
        unlink("/m/g")
        assert readlink(str("/proc/self/fd/", f)) == "/m/g (deleted)"
        mkdir("/m/" + letters(256))  fails ENAMETOOLONG`.replace('letters(256)', `"${'x'.repeat(256)}"`),
        ));

    test('the limits of pages and inodes; a remount changes them', () =>
        inProcess(`
        mount_tmpfs("/m", size: 12KiB, inodes: 3)
        f = open("/m/f", O_RDWR | O_CREAT)
        mkdir("/m/d")
        mkdir("/m/e")  fails ENOSPC
        open("/m/g", O_RDWR | O_CREAT)  fails ENOSPC
        open("/m", O_RDWR | O_TMPFILE)  fails ENOSPC
        assert f.write(zeros(20KiB)) == 12KiB
        f.write("x")  fails ENOSPC
        f.fallocate(0, 16KiB)  fails ENOSPC
        assert statfs("/m").bfree == 0 && statfs("/m").ffree == 0
        remount_tmpfs("/m", size: 8KiB)  fails EINVAL
        remount_tmpfs("/m", size: 16KiB, inodes: 4)
        assert f.write("x") == 1
        unlink("/m/f")
        assert statfs("/m").bfree == 0                  // it is open
        f.close()
        assert statfs("/m").bfree == 4 && statfs("/m").ffree == 2
        remount_tmpfs("/m", size: 0)
        remount_tmpfs("/m", size: 16KiB)  fails EINVAL
        remount_tmpfs("/n", size: 16KiB)  fails EINVAL
        mount_tmpfs("/n", options: "noatime")  fails EINVAL
        statfs("/nowhere")  fails EOPNOTSUPP
        statfs("/m/no")     fails ENOENT`));

    test('a descriptor of O_PATH is one for few calls', () =>
        inProcess(`
        d = fsmount_tmpfs()
        d.read(1)       fails EBADF
        d.lseek(0)      fails EBADF
        d.fchmod(0)     fails EBADF
        assert d.stat().nlink == 2 && d.dup() > d
        f = d.openat("f", O_RDWR | O_CREAT)
        f.openat(".")   fails ENOTDIR
        d.openat("")    fails ENOENT
        p = d.openat("f", O_PATH)
        p.write("x")    fails EBADF
        assert open(str("/proc/self/fd/", p), O_RDWR).write("x") == 1
        f.move_mount("/m")  fails EINVAL
        d.move_mount("/m")
        assert open("/m/f").size == 1`));

    test('a mount is there while it is attached or has a descriptor; its memory goes with it', () =>
        inProcess(`
        d = fsmount_tmpfs()
        f = d.openat("f", O_RDWR | O_CREAT)
        f.write(zeros(64KiB))
        r = d.openat(".", O_RDONLY)
        d.close()
        r.move_mount("/m")  fails EINVAL
        assert f.pread(1, at: 0).length == 1
        f.close()
        r.close()
        mount_tmpfs("/m")
        g = open("/m/g", O_RDWR | O_CREAT)
        g.write("x")
        bind_mount("/m", "/n")
        umount("/m")  fails EBUSY
        g.close()
        umount("/m")
        umount("/m")  fails EINVAL
        h = open("/n/g")
        assert h.size == 1
        h.close()
        umount("/n")
        open("/n/g")  fails ENOENT`));

    test('the memory of a tmpfs goes with its last mount and its last descriptor', () => {
        const k = testKernel();
        const p = spawn(k, 'p');
        const free = k.pages.freePages();
        const fd = (result: unknown): number => {
            assert.equal(typeof result, 'number');
            return Number(result);
        };
        const mount = fd(sysFsmountTmpfs(k, p, {}));
        const file = fd(sysOpenat(k, p, mount, 'f', O_RDWR | O_CREAT));
        sysWrite(k, p, file, Bytes.zero(0x10000));
        sysClose(k, p, file);
        k.taskWork();
        assert.equal(k.pages.freePages(), free - 16);
        sysClose(k, p, mount);
        k.taskWork();
        assert.equal(k.pages.freePages(), free);

        assert.equal(sysMountTmpfs(k, '/m', {}, false), 0);
        assert.equal(sysBindMount(k, '/m', '/n'), 0);
        const other = fd(sysOpen(k, p, '/m/f', O_RDWR | O_CREAT));
        sysWrite(k, p, other, Bytes.zero(0x10000));
        sysClose(k, p, other);
        k.taskWork();
        assert.equal(sysUmount(k, '/m'), 0);
        assert.equal(k.pages.freePages(), free - 16);
        assert.equal(sysUmount(k, '/n'), 0);
        assert.equal(k.pages.freePages(), free);
    });

    test('what has no handler, and what one error is for', () =>
        passes(`${NEXT}
scenario "s" {
    boot "next"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        for point in ["/a", "/b", "/c", "/d"] { mkdir_mount(point) }
        for point in ["/a", "/b", "/c", "/d"] { s.preserve_fd(open(point, O_RDONLY), token: 1)  fails ENOENT }
        mount_tmpfs("/m")
        mkdir("/m/d")
        bind_mount("/m/d", "/n")
        s.preserve_fd(open("/n", O_RDONLY), token: 1)    fails ENOENT
        s.preserve_fd(open("/m/d", O_RDONLY), token: 1)  fails ENOENT
        s.preserve_fd(open("/m", O_RDONLY), token: 1)
        bind_mount("/m", "/o")
        s.preserve_fd(open("/o", O_RDONLY), token: 2)    fails EBUSY
        f = open("/m/d/f", O_RDWR | O_CREAT)
        s.preserve_fd(f, token: 3)  fails ENOENT
        g = open("/m/g", O_RDWR | O_CREAT)
        s.preserve_fd(g, token: 3)
        s.preserve_fd(open("/m/g"), token: 4)  fails EBUSY
        g.truncate(1)  fails EPERM
        unlink("/m/g")
        t = tmpfile("/m")
        s.preserve_fd(t, token: 5)              // by the handler of memfds
    }
}
fn mkdir_mount(point: string) {
    options = ""
    if point == "/b" { options = "usrquota" }
    if point == "/c" { options = "casefold" }
    if point == "/d" { options = "idmap" }
    mount_tmpfs(point, mpol: point == "/a", options: options)
}
`));

    test('the next kernel has names, modes, sizes, positions, and the limit of the mount; not the rest', () =>
        carried(
            `
        f = open("/m/f", O_RDWR | O_CREAT)
        f.write("abc")
        f.fchmod(0x9ed)                                 // 04755
        s.preserve_fd(f, token: 2)
        open("/m", O_RDONLY).fchmod(0x1ff)
        rename("/m/f", "/m/g")
        f.lseek(2)`,
            `
        g = s.retrieve_fd(token: 2)
        m = s.retrieve_fd(token: 1)
        assert m.mode == 0x4000 | 0x1c0
        assert g.mode == 0x8000 | 0x1ed && text_of(g.read(10)) == "c"
        assert readlink(str("/proc/self/fd/", g)) == "/g"
        m.move_mount("/elsewhere")
        assert readlink(str("/proc/self/fd/", g)) == "/elsewhere/g"
        assert statfs("/elsewhere").blocks == 16 && statfs("/elsewhere").bfree == 15
        assert statfs("/elsewhere").files > 1000
        s.finish()`,
        ));

    test('a name that another file has is EEXIST; a mount that cannot be retrieved fails its files', () => {
        carried(
            `        s.preserve_fd(open("/m/f", O_RDWR | O_CREAT), token: 2)`,
            `
        s.retrieve_fd(token: 1).move_mount("/m")
        open("/m/f", O_RDWR | O_CREAT)
        s.retrieve_fd(token: 2)  fails EEXIST
        s.retrieve_fd(token: 2)  fails EEXIST
        s.finish()`,
        );
        passes(`${NEXT}
scenario "s" {
    boot "next"
    inject ENOMEM into tmpfs_mnt.retrieve in next kernel
    process p {
        mount_tmpfs("/m")
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(open("/m", O_RDONLY), token: 1)
        s.preserve_fd(open("/m/f", O_RDWR | O_CREAT), token: 2)
        kexec_file_load("next")
        reboot(KEXEC)
    }
    process p {
        s = open("/dev/liveupdate").retrieve_session("s")
        s.retrieve_fd(token: 2)  fails ENOMEM
        s.retrieve_fd(token: 1)  fails ENOMEM
    }
    assert kernel.logged("failed to retrieve tmpfs mount")
}
`);
    });

    test('a closed session gives size and name back', () =>
        passes(`${NEXT}
scenario "s" {
    boot "next"
    process p {
        mount_tmpfs("/m")
        s = open("/dev/liveupdate").create_session("s")
        f = open("/m/f", O_RDWR | O_CREAT)
        d = open("/m", O_RDONLY)
        s.preserve_fd(d, token: 1)
        s.preserve_fd(f, token: 2)
        s.close()
        f.truncate(1)
        f.close()
        d.close()
        umount("/m")
    }
}
`));

    test('the debugger shows mounts, and each change is another state', () => {
        const { host } = Run.start(
            programOf(`scenario "s" {
    boot "7.3"
    process p {
        mount_tmpfs("/m", size: 16KiB)
        f = open("/m/f", O_RDWR | O_CREAT)
        f.write("abc")
        rename("/m/f", "/m/g")
        remount_tmpfs("/m", size: 32KiB)
        mkdir("/m/d")
        d = fsmount_tmpfs()
        d.move_mount("/n")
        d.close()
        umount("/n")
    }
}`),
        );
        const states = new Set<string>();
        const rows = new Set<string>();
        const all = (items: readonly Item[]): Item[] =>
            items.flatMap((i) => [i, ...(i.children ? all(namedItems(i.children)) : [])]);
        while (!host.interpreter.outcome) {
            host.interpreter.step('next');
            host.interpreter.run(FOREVER);
            states.add(fingerprint(host));
            const mounts = machineItems(host).find((i) => i.name === 'mounts of tmpfs');
            for (const { name, value } of mounts?.children ? all(namedItems(mounts.children)) : []) {
                rows.add(`${name}: ${value}`);
            }
        }
        assert.ok(states.size >= 10);
        assert.deepEqual(
            [...rows].filter((r) => /^\/[mn]:|^[fg]:/.test(r)),
            [
                '/m: tmpfs of 0 of 4 pages, 1 of 256095 inodes',
                '/m: tmpfs of 0 of 4 pages, 2 of 256095 inodes',
                'f: 0 bytes',
                '/m: tmpfs of 1 of 4 pages, 2 of 256095 inodes',
                'f: 3 bytes',
                'g: 3 bytes',
                '/m: tmpfs of 1 of 8 pages, 2 of 256095 inodes',
                '/m: tmpfs of 1 of 8 pages, 3 of 256095 inodes',
                '/n: tmpfs of 0 of 256095 pages, 1 of 256095 inodes',
            ],
        );
    });
});
