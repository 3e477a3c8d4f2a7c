/** What LUO decides on its records: tokens, names, the map of preserved files, references to FLBs, registration. */
import assert from 'node:assert/strict';
import { areaEntries, areaEntry, areaSessions, SESSION_SER_SIZE } from '../../../../emulator/kernel/luo/abi';
import { registerFlb, registerHandler, unregisterHandler } from '../../../../emulator/kernel/luo/registration';
import { sessionName } from '../../../../emulator/kernel/luo/request';
import { type Luo, LuoFile, LuoHandler, type LuoSession } from '../../../../emulator/kernel/luo/state';
import { REFCOUNT_SATURATED } from '../../../../emulator/kernel/refcount';
import { Err, err } from '../../../../emulator/kernel/release/errno';
import { IOCTLS_6_19, IOCTLS_7_2, IOCTLS_V4 } from '../../../../emulator/kernel/release/luo-ioctls';
import { Run } from '../../../../emulator/run/run';
import { bareKernel, type BareKernel } from '../../../support/bare-kernel';
import { programOf } from '../../../support/programs';

/** A kernel whose LUO has a handler `h`. */
interface WithHandler extends BareKernel {
    readonly luo: Luo;
    readonly handler: LuoHandler;
}

function withHandler(release = '7.2'): WithHandler {
    const bare = bareKernel({ release });
    const { luo, journal } = bare.kernel;
    const handler = registerHandler(journal, luo, { name: 'h', compatible: 'h-v1' }, []);
    assert.ok(handler instanceof LuoHandler);
    return { ...bare, luo, handler };
}

function addFile({ kernel, handler }: WithHandler, session: LuoSession, token: number): LuoFile {
    const file = new LuoFile(kernel.journal, handler, token, session);
    session.files.push(file);
    return file;
}

suite('LUO: sessions', () => {
    test('a token names the first file of its session that has it', () => {
        const host = withHandler();
        const [one, other] = [host.luo.newSession('one', false), host.luo.newSession('other', false)];
        const first = addFile(host, one, 7);
        addFile(host, one, 7);
        assert.ok(one.hasToken(7));
        assert.equal(one.fileOf(7), first);
        assert.equal(one.hasToken(8), false);
        assert.equal(one.fileOf(8), err('ENOENT'));
        assert.equal(other.hasToken(7), false);
    });

    test('a name is taken on its own list, not on the other one', () => {
        const { luo } = withHandler();
        const mine = luo.newSession('s', false);
        assert.equal(luo.outgoing.insert(mine), undefined);
        assert.equal(luo.outgoing.insert(luo.newSession('s', false)), err('EEXIST'));
        assert.equal(luo.outgoing.sessions.length, 1);
        const theirs = luo.newSession('s', true);
        assert.equal(luo.incoming.insert(theirs), undefined);
        assert.equal(luo.find('s'), mine, 'an outgoing one comes first');
        assert.equal(luo.incoming.named('s'), theirs);
        luo.outgoing.remove(mine);
        assert.equal(luo.outgoing.named('s'), err('ENOENT'));
        assert.equal(luo.find('s'), theirs);
    });

    test('its file is anonymous and leads back to it', () => {
        const { luo, kernel } = withHandler();
        const session = luo.newSession('vm-1', false);
        const file = session.openFile(kernel);
        assert.equal(file.name, 'anon_inode:[luo_session] vm-1');
        assert.equal(file.priv, session);
        assert.equal(session.file, file);
        assert.equal(file.refs, 1);
    });

    test('an entry is found in the area, or in blocks as far as they are in use', () => {
        const { luo, kernel } = withHandler();
        const { outgoing } = luo;
        assert.equal(outgoing.entryAt(0), undefined);
        assert.equal(outgoing.blocks.grow(52), 0);
        const slots = outgoing.blocks.iterator();
        const reserved = Array.from({ length: 52 }, () => slots.reserve());
        assert.equal(outgoing.entryAt(0), reserved[0]);
        assert.equal(outgoing.entryAt(50), reserved[50], 'the last of the first block');
        assert.equal(outgoing.entryAt(51), reserved[51], 'the first of the second block');
        assert.equal(outgoing.entryAt(52), undefined, 'not in use');
        kernel.journal.edit(outgoing).area = 0x1000;
        assert.equal(outgoing.entryAt(2), 0x1000 + 8 + 2 * SESSION_SER_SIZE);
    });

    test('names: 7.2 wants one that is not empty and ends, the releases before cut it off', () => {
        const bytes = (text: string, length = 64): Uint8Array => {
            const raw = new Uint8Array(length);
            raw.set(new TextEncoder().encode(text).subarray(0, length));
            return raw;
        };
        assert.equal(sessionName(bytes('vm-1'), IOCTLS_7_2), 'vm-1');
        assert.equal(sessionName(bytes(''), IOCTLS_7_2), err('EINVAL'));
        assert.equal(sessionName(bytes('x'.repeat(64)), IOCTLS_7_2), err('EINVAL'));
        assert.equal(sessionName(bytes('x'.repeat(63)), IOCTLS_7_2), 'x'.repeat(63));
        assert.equal(sessionName(bytes(''), IOCTLS_6_19), '');
        assert.equal(sessionName(bytes('x'.repeat(64)), IOCTLS_6_19), 'x'.repeat(63));
        assert.equal(sessionName(bytes('x'.repeat(56), 56), IOCTLS_V4), 'x'.repeat(55));
    });
});

suite('LUO: what is one for all sessions', () => {
    test('a file is preserved once, whichever session it is in', () => {
        const { luo } = withHandler();
        const id = {};
        assert.equal(luo.claim(id), undefined);
        assert.equal(luo.claim(id), err('EBUSY'));
        assert.equal(luo.claim({}), undefined, 'another file');
        luo.unclaim(id);
        assert.equal(luo.claim(id), undefined);
    });

    test('the device comes up with the structures for the next kernel, and is free when it is closed', () => {
        const { luo, kernel } = withHandler();
        assert.equal(luo.ready, false);
        luo.setOutgoing(0x1000, 0x2000);
        assert.deepEqual([luo.ready, luo.ser, luo.flbPage], [true, 0x1000, 0x2000]);
        kernel.journal.edit(luo).deviceInUse = true;
        luo.deviceClosed();
        assert.equal(luo.deviceInUse, false);
        luo.disable();
        assert.equal(luo.enabled, false);
    });
});

suite('LUO: FLBs', () => {
    test('the last reference is told, and one that is put too often warns once a boot', () => {
        const { luo, kernel, host } = withHandler();
        const { outgoing } = registerFlb(kernel.journal, luo, { name: 'f', compatible: 'f-v1' });
        outgoing.get(kernel);
        outgoing.get(kernel);
        assert.equal(outgoing.count, 2);
        assert.equal(outgoing.put(kernel), false);
        assert.equal(outgoing.put(kernel), true);
        assert.equal(outgoing.put(kernel), false);
        assert.equal(outgoing.count, REFCOUNT_SATURATED);
        assert.equal(outgoing.put(kernel), false);
        assert.deepEqual(
            host.log.filter((line) => line.includes('refcount')),
            ['WARN refcount: refcount_t: underflow; use-after-free.'],
        );
    });

    test('a count that was handed over is taken as it is', () => {
        const { luo, kernel } = withHandler();
        const { incoming } = registerFlb(kernel.journal, luo, { name: 'f', compatible: 'f-v1' });
        incoming.setCount(3);
        incoming.get(kernel);
        assert.equal(incoming.count, 4);
    });
});

suite('LUO: registration', () => {
    test('where live update is off nothing registers', () => {
        const { kernel } = bareKernel({ cmdline: 'liveupdate=off' });
        const registered = registerHandler(kernel.journal, kernel.luo, { name: 'h', compatible: 'h-v1' }, []);
        assert.equal(registered, err('EOPNOTSUPP'));
        assert.equal(kernel.luo.handlers.length, 0);
    });

    test('a compatible string is one handler’s; an FLB is registered with the first that uses it', () => {
        const { luo, kernel, handler } = withHandler();
        const flb = { name: 'f', compatible: 'f-v1' };
        assert.equal(registerHandler(kernel.journal, luo, { name: 'i', compatible: 'h-v1' }, [flb]), err('EEXIST'));
        assert.equal(luo.flbs.length, 0, 'a handler that is refused registers no FLB');
        const two = registerHandler(kernel.journal, luo, { name: 'i', compatible: 'i-v1' }, [flb]);
        const three = registerHandler(kernel.journal, luo, { name: 'j', compatible: 'j-v1' }, [flb]);
        assert.ok(two instanceof LuoHandler && three instanceof LuoHandler);
        assert.equal(luo.flbs.length, 1);
        assert.equal(two.flbs[0], three.flbs[0]);
        assert.deepEqual(luo.handlers.items, [handler, two, three]);
    });

    test('a handler goes with its module, but for one whose files hold it', () => {
        const host = withHandler();
        const { luo, kernel, handler } = host;
        const { journal } = kernel;
        assert.equal(unregisterHandler(journal, luo, 'other', 'files'), err('ENOENT'));
        assert.equal(unregisterHandler(journal, luo, 'h', 'registration'), err('EAGAIN'));
        const session = luo.newSession('s', false);
        luo.outgoing.insert(session);
        const file = addFile(host, session, 1);
        assert.equal(unregisterHandler(journal, luo, 'h', 'files'), err('EAGAIN'));
        assert.equal(handler.unloaded, false);
        const gone = unregisterHandler(journal, luo, 'h', 'nothing');
        assert.ok(!(gone instanceof Err));
        assert.deepEqual(gone, { handler, files: [file] });
        assert.equal(handler.unloaded, true);
        assert.equal(luo.handlers.length, 0);
    });
});

suite('LUO: the area of sessions', () => {
    test('its size is that of the kernel’s own code', () => {
        const { host } = Run.start(programOf({ 's.lus': 'scenario "s" { boot "7.1" }' }));
        host.interpreter.run(1e9);
        const area = host.library.structs.get('luo_session_area');
        const sessions = area?.byName.get('sessions');
        assert.ok(sessions?.type.k === 'array');
        assert.equal(sessions.type.length, 819);
        assert.equal(areaSessions(host.machine.page), 819);
        assert.equal(sessions.offset, areaEntry(0, 0));
        assert.equal(sessions.type.stride, SESSION_SER_SIZE);
    });

    test('a count that cannot be is cut to what fits', () => {
        const { host } = bareKernel();
        const { machine } = host;
        const { memory } = machine;
        const area = 0x10_0000;
        memory.writeU64(area, 2);
        assert.deepEqual(areaEntries(machine, area), [area + 8, area + 8 + SESSION_SER_SIZE]);
        memory.writeU64(area, 2n ** 63n);
        assert.equal(areaEntries(machine, area).length, areaSessions(machine.page));
    });
});
