/** What the debugger shows of devices, and where it stops when one goes astray. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { inRepository } from '../support/repository';
import { Client } from './client';

const KEXEC = inRepository('extension', 'examples', 'stock-kexec-devices.lus');
const ASTRAY = inRepository('extension', 'examples', 'device-keeps-writing.lus');

/** The number of the first line that contains a text. */
function lineWith(file: string, text: string): number {
    const at = readFileSync(file, 'utf8').split('\n').findIndex((l) => l.includes(text));
    assert.ok(at >= 0, text);
    return at + 1;
}

suite('debug adapter: devices', () => {
    let client: Client;

    setup(() => {
        client = Client.process();
    });

    teardown(() => client.close());

    async function stopAt(file: string, text: string): Promise<number> {
        await client.launch({ program: file, stopOnEntry: false });
        await client.ok('setBreakpoints', { source: { path: file }, breakpoints: [{ line: lineWith(file, text) }] });
        await client.ok('configurationDone');
        return (await client.stopped()).threadId;
    }

    test('configuration, vectors, rings and mappings of a device, and the tables of the IOMMU down to a page', async () => {
        const threadId = await stopAt(KEXEC, 'lu  = open("/dev/liveupdate")');
        const names = async (...path: string[]): Promise<string[]> => (await client.variables((await client.unfold(threadId, 'Machine', ...path)).variablesReference)).map((v) => v.name);
        assert.deepEqual(await names('devices'), ['0000:00:01.0', '0000:00:02.0', 'nic0', 'gpu0']);
        assert.equal((await client.unfold(threadId, 'Machine', 'devices', '0000:00:01.0')).value, 'root port to bus 3b');
        const gpu = ['devices', 'gpu0'] as const;
        assert.equal((await client.unfold(threadId, 'Machine', ...gpu)).value, 'gpu at 0000:5e:00.0, running');
        assert.equal((await client.unfold(threadId, 'Machine', ...gpu, 'driver')).value, 'vfio-pci');
        assert.equal((await client.unfold(threadId, 'Machine', ...gpu, 'bus master')).value, 'on');
        assert.match((await client.unfold(threadId, 'Machine', ...gpu, 'domain')).value, /^paging domain \d+ of I\/O address space 1$/);
        assert.match((await client.unfold(threadId, 'Machine', ...gpu, 'config')).value, /^10de:2330, command 0x6$/);
        assert.match((await client.unfold(threadId, 'Machine', ...gpu, 'config', '0x0')).value, /^de 10 30 23 06 00 /);
        assert.match((await client.unfold(threadId, 'Machine', ...gpu, 'rings')).value, /^0x100000 for the device, 2 MiB, 65536 bytes every 200000 ns, round \d+$/);
        assert.match((await client.unfold(threadId, 'Machine', ...gpu, 'vectors', '[0]')).value, /^message 0x\w+, vfio gpu0-0$/);
        assert.match((await client.unfold(threadId, 'Machine', ...gpu, 'mappings', '0x0')).value, /, memfd guest-ram$/);
        assert.equal((await client.unfold(threadId, 'Machine', 'IOMMU')).value, 'Intel VT-d, translation on');
        const table = ['IOMMU', 'tables', '5e:00.0 gpu0'] as const;
        assert.match((await client.unfold(threadId, 'Machine', ...table)).value, /^domain \d+, 4 levels at 0x\w+$/);
        assert.match((await client.unfold(threadId, 'Machine', ...table, '0x0')).value, /^table of level 3 at 0x\w+$/);
        assert.match((await client.unfold(threadId, 'Machine', ...table, '0x0', '0x0', '0x0', '0x1000')).value, /^0x\w+–0x\w+ \(4 KiB\), rw$/);
        assert.match((await client.unfold(threadId, 'Machine', 'IOMMU', 'IOTLB', '[0]')).value, /^domain \d+, 0x\w+ → 0x\w+, rw$/);
        assert.equal(await client.evaluate('gpu0.strays'), '0');
    });

    test('execution stops behind the system call during which a device first goes astray', async () => {
        await client.launch({ program: ASTRAY, stopOnEntry: false });
        await client.ok('setExceptionBreakpoints', { filters: ['diagnosis'] });
        await client.ok('configurationDone');
        const { threadId, reason } = await client.stopped();
        assert.equal(reason, 'exception');
        assert.equal((await client.frames(threadId))[0]?.line, lineWith(ASTRAY, 'guest.pwrite(pattern(7, 1MiB), at: 0)') + 1);
    });
});
