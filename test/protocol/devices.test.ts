/** What the debugger shows of devices, and where it stops when one goes astray. */
import assert from 'node:assert/strict';
import { lineWith } from '../support/markers';
import { inRepository } from '../support/repository';
import { Client } from '../support/dap-client';

const KEXEC = inRepository('extension', 'examples', 'stock-kexec-devices.lus');
const PASSTHROUGH = inRepository('extension', 'examples', 'passthrough-update.lus');
const NEVER_STOPS = inRepository('extension', 'examples', 'device-never-stops.lus');
const INTERRUPTS = inRepository('extension', 'examples', 'interrupts.lus');
const ASTRAY = inRepository('extension', 'examples', 'device-keeps-writing.lus');

/** The number of the first line that contains a text. */
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
        const names = async (...path: string[]): Promise<string[]> =>
            (await client.variables((await client.unfold(threadId, 'Machine', ...path)).variablesReference)).map(
                (v) => v.name,
            );
        assert.deepEqual(await names('devices'), ['0000:00:01.0', '0000:00:02.0', 'nic0', 'gpu0']);
        assert.equal(
            (await client.unfold(threadId, 'Machine', 'devices', '0000:00:01.0')).value,
            'root port to bus 3b',
        );
        const gpu = ['devices', 'gpu0'] as const;
        assert.equal((await client.unfold(threadId, 'Machine', ...gpu)).value, 'gpu at 0000:5e:00.0, running');
        assert.equal((await client.unfold(threadId, 'Machine', ...gpu, 'driver')).value, 'vfio-pci');
        assert.equal((await client.unfold(threadId, 'Machine', ...gpu, 'bus master')).value, 'on');
        assert.match(
            (await client.unfold(threadId, 'Machine', ...gpu, 'domain')).value,
            /^paging domain \d+ of I\/O address space 1$/,
        );
        assert.match((await client.unfold(threadId, 'Machine', ...gpu, 'config')).value, /^10de:2330, command 0x6$/);
        assert.match((await client.unfold(threadId, 'Machine', ...gpu, 'config', '0x0')).value, /^de 10 30 23 06 00 /);
        assert.match(
            (await client.unfold(threadId, 'Machine', ...gpu, 'rings')).value,
            /^device address 0x100000, 2 MiB; 65536 bytes every 200 µs, round \d+$/,
        );
        assert.match(
            (await client.unfold(threadId, 'Machine', ...gpu, 'vectors', '[0]')).value,
            /^entry \d+ → processor 0 vector 0x\w+ → vfio gpu0-0$/,
        );
        assert.match((await client.unfold(threadId, 'Machine', ...gpu, 'mappings', '0x0')).value, /, memfd guest-ram$/);
        assert.equal((await client.unfold(threadId, 'Machine', 'IOMMU')).value, 'Intel VT-d, translation on');
        const table = ['IOMMU', 'tables', '5e:00.0 gpu0'] as const;
        assert.match((await client.unfold(threadId, 'Machine', ...table)).value, /^domain \d+, 4 levels at 0x\w+$/);
        assert.match((await client.unfold(threadId, 'Machine', ...table, '0x0')).value, /^table of level 3 at 0x\w+$/);
        assert.match(
            (await client.unfold(threadId, 'Machine', ...table, '0x0', '0x0', '0x0', '0x1000')).value,
            /^0x\w+–0x\w+ \(4 KiB\), rw$/,
        );
        assert.match(
            (await client.unfold(threadId, 'Machine', 'IOMMU', 'IOTLB', '[0]')).value,
            /^domain \d+, 0x\w+ → 0x\w+, rw$/,
        );
        assert.equal(await client.evaluate('gpu0.strays'), '0');
    });

    test('hardware page tables, marked and preserved, and in the next kernel the domains that came along', async () => {
        const threadId = await stopAt(NEVER_STOPS, 'kexec_file_load("next")');
        const value = async (...path: string[]): Promise<string> =>
            (await client.unfold(threadId, 'Machine', 'iommufd', ...path)).value;
        assert.equal(await value(), '1 open');
        assert.equal(await value('[0]'), '1 address space, 1 hardware page table');
        assert.equal(await value('[0]', 'address space 1'), '1 mapping, immutable');
        assert.match(
            await value('[0]', 'address space 1', '0x0'),
            /^32 MiB of .*guest-ram.* from offset 0x0, sealed, pinned$/,
        );
        const table = ['[0]', 'hardware page table 2'] as const;
        assert.match(await value(...table), /^domain \d+, marked as 0x9a, preserved$/);
        assert.equal(await value(...table, 'devices'), 'gpu0');
        assert.match(await value(...table, 'tables', '[0]'), /^0x\w+, preserved$/);
        await client.ok('setBreakpoints', {
            source: { path: NEVER_STOPS },
            breakpoints: [{ line: lineWith(NEVER_STOPS, 'at_boot = gpu0.writes') }],
        });
        await client.ok('continue', { threadId });
        const { threadId: next } = await client.stopped();
        const domains = await client.unfold(next, 'Machine', 'iommufd', 'incoming domains');
        assert.equal(domains.value, '1 domain');
        assert.match(
            (await client.variables(domains.variablesReference))[0]?.value ?? '',
            /^\d+ tables at 0x\w+, used by gpu0$/,
        );
    });

    test('the way of an interrupt, what remaps it, who has which vector, and what a guest counts', async () => {
        const threadId = await stopAt(INTERRUPTS, 'vm1.preserve_fd(ram, token: 1)');
        const value = async (...path: string[]): Promise<string> =>
            (await client.unfold(threadId, 'Machine', ...path)).value;
        const vector = ['devices', 'disk0', 'vectors', '[0]'] as const;
        assert.match(await value(...vector), /^entry 0 → posted as vector 48 at 0x\w+$/);
        assert.equal(await value(...vector, 'message'), '0x0 to 0xfee00018');
        assert.match(await value(...vector, 'descriptor'), /^none posted; notification 0xf2 to processor 0$/);
        assert.equal(await value('processors', '[0]', '0x20'), 'vfio disk0-0');
        assert.equal(await value('IOMMU', 'interrupt remapping'), 'on');
        assert.match(await value('IOMMU', 'interrupt remapping', 'table'), /^65536 entries at 0x\w+$/);
        assert.match(await value('IOMMU', 'interrupt remapping', 'cache', '[0]'), /^posted as vector 48 at 0x\w+$/);
        const counts = ['virtual machines', 'guest', 'interrupts of devices'] as const;
        assert.equal(await value(...counts, 'disk0 [0]'), 'vector 48 of vCPU 0: 2 raised, 2 delivered');
        assert.equal(await value(...counts, 'disk0 [1]'), 'vector 49 of vCPU 1: 0 raised, 0 delivered');
    });

    test('the PCI buses as a tree with who has what, and a stop in a handler of a proposed layer', async () => {
        await client.launch({ program: PASSTHROUGH, stopOnEntry: false });
        await client.ok('setFunctionBreakpoints', { breakpoints: [{ name: 'vfio_pci.freeze' }] });
        await client.ok('configurationDone');
        const { threadId } = await client.stopped();
        const [top] = await client.frames(threadId);
        assert.equal(top?.name, 'vfio_pci.freeze');
        assert.equal(top?.source?.name, 'vfio.lus');
        const value = async (...path: string[]): Promise<string> =>
            (await client.unfold(threadId, 'Machine', ...path)).value;
        assert.equal(await value('layers'), 'proposed: lookup, pci, vfio');
        assert.equal(await value('PCI', '0000:00:01.0'), 'root port to bus 3a; luo: preserved for devices below it');
        assert.equal(
            await value('PCI', '0000:00:01.0', '0000:3a:00.0'),
            'bridge to bus 3b; luo: preserved for devices below it',
        );
        assert.equal(
            await value('PCI', '0000:00:01.0', '0000:3a:00.0', '0000:3b:00.0'),
            'nic nic0, running; luo: preserved, bound to an iommufd',
        );
        assert.match(
            await value('PCI', '0000:00:01.0', '0000:3a:00.0', '0000:3b:00.0', 'outgoing'),
            /^entry at 0x\w+$/,
        );
        // until the next file is frozen
        await client.goes('continue', { threadId });
        assert.equal(await value('devices', 'nic0', 'owner'), 'luo: frozen');
        await client.ok('setFunctionBreakpoints', { breakpoints: [{ name: 'vfio_pci.retrieve' }] });
        const next = await client.goes('continue', { threadId });
        const owner = async (name: string): Promise<string> =>
            (await client.unfold(next.threadId, 'Machine', 'devices', name, 'owner')).value;
        assert.equal(await owner('nic0'), 'luo: from the previous kernel, waits to be bound');
        assert.equal(
            (await client.unfold(next.threadId, 'Machine', 'PCI')).value,
            'numbers inherited from the previous kernel',
        );
    });

    test('execution stops behind the system call during which a device first goes astray', async () => {
        await client.launch({ program: ASTRAY, stopOnEntry: false });
        await client.ok('setExceptionBreakpoints', { filters: ['diagnosis'] });
        await client.ok('configurationDone');
        const { threadId, reason } = await client.stopped();
        assert.equal(reason, 'exception');
        assert.equal(
            (await client.frames(threadId))[0]?.line,
            lineWith(ASTRAY, 'guest.pwrite(pattern(7, 1MiB), at: 0)') + 1,
        );
    });
});
