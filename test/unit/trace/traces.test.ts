/** Traces: what of a run is on which track, and for how long. */
import assert from 'node:assert/strict';
import { ran, updates, WAITING } from '../../support/timed-runs';

suite('traces', () => {
    const { host, events } = ran(WAITING, { trace: true });
    const slices = events.filter((e) => e.ph === 'X');
    const named = (name: string, phase = false): (typeof slices)[number] => {
        const found = slices.find((e) => e.name === name && (e.cat === 'phase') === phase);
        assert.ok(found, name);
        return found;
    };

    test('slices of a track are inside of each other, or apart', () => {
        const tracks = new Set(slices.map((e) => `${e.pid} ${e.tid}`));
        assert.ok(tracks.size >= 5);
        for (const key of tracks) {
            const track = slices.filter((e) => `${e.pid} ${e.tid}` === key);
            for (const [i, a] of track.entries()) {
                for (const b of track.slice(i + 1)) {
                    const [aEnd, bEnd] = [a.ts + a.dur, b.ts + b.dur].map((t) => Math.round(t * 1000) / 1000);
                    assert.ok(aEnd !== undefined && bEnd !== undefined);
                    const apart = aEnd <= b.ts || bEnd <= a.ts;
                    const nested = (a.ts <= b.ts && bEnd <= aEnd) || (b.ts <= a.ts && aEnd <= bEnd);
                    assert.ok(apart || nested, `${a.name} ${a.ts}…${aEnd}, ${b.name} ${b.ts}…${bEnd}`);
                }
            }
        }
    });

    test('every track has a name, every slice a length', () => {
        const names = new Set(
            events.filter((e) => e.ph === 'M' && e.name === 'thread_name').map((e) => `${e.pid} ${e.tid}`),
        );
        for (const e of slices) {
            assert.ok(names.has(`${e.pid} ${e.tid}`), e.name);
            assert.ok(e.dur >= 0 && Number.isFinite(e.ts));
        }
        const processes = events.flatMap((e) => (e.ph === 'M' && e.name === 'process_name' ? [e.args['name']] : []));
        assert.deepEqual(processes, ['kernel 1 (Linux 7.2.13)', 'kernel 2 (Linux 7.2.13)', 'sessions', 'live updates']);
    });

    test('callbacks lie in their system calls, and say which file of which session', () => {
        const call = named('preserve_fd');
        const callback = named('memfd.preserve');
        assert.equal(callback.tid, call.tid);
        assert.ok(call.ts <= callback.ts && callback.ts + callback.dur <= call.ts + call.dur);
        assert.deepEqual(callback.args, {
            session: 'vm-1',
            token: '0x1',
            handler: 'memfd-v2',
            file: '/memfd:ram (deleted)',
        });
        assert.deepEqual(call.args, {
            fd: 'session vm-1',
            file: 'memfd /memfd:ram (deleted)',
            token: '0x1',
            result: 0,
        });
        assert.deepEqual(named('memfd.freeze').args['session'], 'vm-1');
        assert.deepEqual(named('memfd.retrieve').args['session'], 'vm-1');
    });

    test('phases, and the stages of shutdown and boot', () => {
        const [u] = updates(host);
        assert.ok(u);
        const black = named('Blackout', true);
        assert.deepEqual([black.ts, black.dur], [(u.blackoutBegan ?? 0) / 1000, u.blackout / 1000]);
        for (const name of [
            'Pre-LU',
            'Pre-Blackout',
            'kernel shutdown',
            'kernel startup',
            'user space',
            'Post-Blackout',
            'Post-LU',
        ]) {
            assert.equal(named(name, true).pid, black.pid);
        }
        for (const name of [
            'kernel_restart_prepare',
            'machine_kexec',
            'setup_arch',
            'mm_core_init',
            'PCI and IOMMU',
            'initcalls',
            'reboot',
            'start_kernel',
        ]) {
            assert.notEqual(named(name).pid, black.pid);
        }
        assert.ok(events.some((e) => e.ph === 'i' && e.name.startsWith('Linux version')));
    });

    test('what is under way at the jump ends with its kernel', () => {
        const [u] = updates(host);
        const reboot = named('reboot');
        assert.equal(Math.round((reboot.ts + reboot.dur) * 1000), u?.jumped);
    });

    test('the same run gives the same trace', () => {
        assert.deepEqual(ran(WAITING, { trace: true }).events, events);
    });

    test('injected failures and panics are marks on the track that they meet', () => {
        const text = `
            scenario "s" {
                boot "7.2"
                inject ENOMEM into memfd.preserve
                process p {
                    s = open("/dev/liveupdate").create_session("s")
                    ram = memfd_create("ram")
                    ram.write("x")
                    s.preserve_fd(ram, token: 1)  fails ENOMEM
                }
                crash("Fatal machine check")
            }`;
        const { events: all } = ran(text, { trace: true });
        const faults = all.flatMap((e) => (e.ph === 'i' && e.cat === 'fault' ? [e] : []));
        assert.deepEqual(
            faults.map((e) => e.name),
            ['ENOMEM is injected into memfd.preserve', 'panic'],
        );
    });

    test('devices have tracks: DMA goes on while kernels come and go, until something stops it', () => {
        const text = `
            machine { memory 1GiB; iommu vtd; device dma0 at "0000:3b:00.0" { kind dma; driver none } }
            file engine at "/dev/engine" {
                buffer: folio
                iova:   phys
                open() {
                    buffer = alloc_folio(order: 4)
                    iova   = dma0.dma_map(buffer)
                    dma0.bus_master = true
                    dma0.start_dma(ring: iova, length: 64KiB, every: 10us)
                }
                release() { dma0.dma_unmap(iova); put_folio(buffer) }
            }
            scenario "s" {
                boot "7.2"
                process p {
                    e = open("/dev/engine")
                    sleep 1ms
                    e.close()
                    sleep 1ms
                    dma0.stop()
                    sleep 1ms
                }
            }`;
        const { events: all } = ran(text, { trace: true });
        const bursts = all.flatMap((e) => (e.ph === 'X' && e.cat === 'device' ? [e] : []));
        assert.deepEqual(
            bursts.map((e) => e.name),
            ['DMA', 'refused'],
        );
        const tracks = new Map(
            all.flatMap((e) =>
                e.ph === 'M' && e.name === 'thread_name' && e.pid === bursts[0]?.pid ? [[e.tid, e.args['name']]] : [],
            ),
        );
        assert.deepEqual(
            bursts.map((e) => tracks.get(e.tid)),
            ['dma0', 'IOMMU, for dma0'],
        );
        assert.deepEqual(
            bursts.map((e) => Math.round(e.dur / 100)),
            [10, 10],
            'a millisecond each',
        );
        assert.ok(Number(bursts[0]?.args['writes']) >= 99);
        assert.equal(bursts[1]?.args['bytes'], 0);
        assert.ok(all.some((e) => e.ph === 'M' && e.name === 'thread_name' && e.args['name'] === 'dma0'));
    });

    test('a callback that fails says with what', () => {
        const failing = WAITING.replace(
            'vm1.preserve_fd(ram, token: 1)',
            'inject ENOMEM into page_alloc; vm1.preserve_fd(ram, token: 1)  fails ENOMEM; vm1.preserve_fd(ram, token: 1)',
        );
        const { events: all } = ran(
            failing.replace('inject ENOMEM into page_alloc; ', 'inject ENOMEM into page_alloc after 1; '),
            { trace: true, mayFail: true },
        );
        const first = all.find((e) => e.ph === 'X' && e.name === 'preserve_fd');
        assert.equal(first?.args['result'], '-ENOMEM');
    });

    /** The states and marks of all tracks of a group: `vm-1: outgoing`. */
    const shown = (all: typeof events, group: RegExp): string[] => {
        const pids = all.flatMap((e) =>
            e.ph === 'M' && e.name === 'process_name' && group.test(String(e.args['name'])) ? [e.pid] : [],
        );
        const track = (pid: number, tid: number): string =>
            String(
                all.find((e) => e.ph === 'M' && e.name === 'thread_name' && e.pid === pid && e.tid === tid)?.args[
                    'name'
                ],
            );
        return all
            .flatMap((e) => (e.ph !== 'M' && e.cat === 'state' && pids.includes(e.pid) ? [e] : []))
            .sort((a, b) => a.ts - b.ts)
            .map((e) => `${track(e.pid, e.tid)}: ${e.name}`);
    };

    test('a session has a track over the kexec, with its files', () => {
        assert.deepEqual(shown(events, /^sessions$/), [
            'vm-1: outgoing',
            'vm-1: preserve 0x1 memfd-v2',
            'vm-1: frozen',
            'vm-1: handed over',
            'vm-1: retrieved',
            'vm-1: retrieve 0x1 memfd-v2',
        ]);
    });

    test('what fails, and what is closed, is on the track of its session', () => {
        const { events: all } = ran(
            `kernel "next" from "7.3" { layers session_freeze, tmpfs }
scenario "s" {
    boot "next"
    process p {
        lu = open("/dev/liveupdate")
        a  = lu.create_session("a")
        mount_tmpfs("/m")
        a.preserve_fd(open("/m", O_RDONLY), token: 1)
        remount_tmpfs("/m", mpol: true)
        a.freeze()  fails EOPNOTSUPP
        remount_tmpfs("/m", mpol: false)
        sleep 1ms
        a.freeze()
        sleep 1ms
        a.close()
    }
}`,
            { trace: true },
        );
        assert.deepEqual(shown(all, /^sessions$/), [
            'a: outgoing',
            'a: preserve 0x1 tmpfs-mnt-v1',
            'a: freeze 0x1 tmpfs-mnt-v1 fails with EOPNOTSUPP',
            'a: frozen',
            'a: unpreserve 0x1 tmpfs-mnt-v1',
        ]);
    });

    test('a frozen process is one on its track', () => {
        const { events: all } = ran(
            'scenario "s" { boot "7.3"; process q, p; p { cgroup_freeze(q.pid, true); sleep 2ms; cgroup_freeze(q.pid, false) } }',
            { trace: true },
        );
        const frozen = all.find((e) => e.ph === 'X' && e.name === 'frozen');
        assert.ok(frozen?.ph === 'X' && frozen.dur >= 2000);
    });

    test('a panic ends the sessions; the capture kernel is named, and saves the memory', () => {
        const { events: all } = ran(
            `machine { memory 2GiB }
kernel "host" from "7.3" { cmdline "crashkernel=256M" }
scenario "s" finds LU1061 {
    boot "host"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(memfd_create("m"), token: 1)
        kexec_file_load("7.3", crash: true)
    }
    sleep 1ms
    crash("machine check")
    process q { assert save_vmcore() > 1GiB }
}`,
            { trace: true },
        );
        const outgoing = all.find((e) => e.ph === 'X' && e.name === 'outgoing');
        const panic = all.find((e) => e.ph === 'i' && e.name === 'panic');
        assert.ok(outgoing?.ph === 'X' && panic?.ph === 'i');
        assert.equal(Math.round(outgoing.ts + outgoing.dur), Math.round(panic.ts));
        assert.deepEqual(shown(all, /capture kernel\)$/), ['kernel: the memory of the crashed kernel is saved']);
    });
});
