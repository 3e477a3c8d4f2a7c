/** The picture of physical memory: what lies where, wrong pointers, old owners, and a file that says the same. */
import assert from 'node:assert/strict';
import { MemoryArchive } from '../../../emulator/presentation/memory/archive';
import { MemoryReader } from '../../../emulator/presentation/memory/packed';
import { pageInfo } from '../../../emulator/presentation/memory/page';
import type { Picture } from '../../../emulator/presentation/memory/picture';
import { runPicture, standingOf, type Standing } from '../../../emulator/presentation/memory/standing';
import { MemoryMoments } from '../../../emulator/presentation/memory/moments';
import { Run } from '../../../emulator/run/run';
import type { Host } from '../../../emulator/runtime/host/host';
import { LABELS, MemoryPicture, xOf, type View } from '../../../extension/views/memory-picture';
import { SvgSurface } from '../../../extension/views/surface';
import { programOf } from '../../support/programs';
import { FOREVER } from '../../support/runs';

/** A handler that forgets to preserve the second page of its state. */
const FORGOTTEN = `
struct State { ring: phys }
file card at "/dev/card0" { }
handler card_handler "card-v1" for card {
    can_preserve(file) { return file.kind == card }
    preserve(args) {
        ser = kho.alloc_preserve(State)
        ring = alloc_folio(owner: "ring of card0")
        ser.ring = phys(ring)
        args.serialized_data = phys(ser)
    }
    unpreserve(args) { }
    retrieve(args) { args.file = new card() }
    finish(args) { }
}
kernel "card" from "7.2" { handlers + card_handler }
scenario "forgotten" {
    boot "card"
    process luod {
        lu = open("/dev/liveupdate")
        vm1 = lu.create_session("vm-1")
        vm1.preserve_fd(open("/dev/card0"), token: 1)
        kexec_file_load("card")
        reboot(KEXEC)
    }
    process luod { open("/dev/liveupdate") }
}
`;

const WIDTH = 1000;

interface Seen {
    readonly host: Host;
    readonly standing: Standing;
    readonly picture: Picture;
    readonly archive: MemoryArchive;
}

function run(): Seen {
    const { host } = Run.start(programOf(FORGOTTEN), {});
    const archive = new MemoryArchive(host);
    const moments = MemoryMoments.attach(host);
    host.interpreter.run(FOREVER);
    assert.equal(host.interpreter.outcome?.failure?.message, undefined);
    const standing = standingOf(host, moments.before);
    return { host, standing, picture: runPicture('forgotten', standing, undefined, {}), archive };
}

const viewOf = ({ nodes }: Picture, height: number): View => ({
    width: WIDTH,
    height,
    scrolled: 0,
    windows: nodes.map(({ from, to }) => ({ from, to })),
    chosen: undefined,
});
const colour = (name: string): string => (name === 'bar-border' ? '' : name);

suite('the picture of physical memory', () => {
    const { host, standing, picture, archive } = run();
    const wrong = picture.pointers.list.find((p) => p.wrong !== undefined);
    const drawn = new MemoryPicture(picture);
    const view = viewOf(picture, drawn.height);

    test('a pointer to memory that is not preserved is wrong, and is drawn in its own colour', () => {
        assert.match(
            `${wrong?.path} of ${wrong?.of}: ${wrong?.wrong}`,
            /^State\.ring of token 0x1 of session "vm-1" \(card-v1\): it points to memory of ring of card0, which is not preserved/,
        );
        assert.equal(picture.pointers.list.filter((p) => p.wrong !== undefined).length, 1);
        const surface = new SvgSurface((text) => text.length * 7, 'sans');
        drawn.draw(surface, colour, view);
        const svg = surface.svg(LABELS + WIDTH, drawn.height, 'white', picture.title);
        assert.equal(svg.match(/<polyline [^>]*stroke="wrong"/g)?.length, 1);
        assert.ok(svg.includes('before the kexec') && svg.includes('>now<'));
    });

    test('a place says its owner in both kernels, and the page keeps the name of the old one', () => {
        assert.ok(wrong);
        const [window] = view.windows;
        assert.ok(window);
        const zoomed = runPicture('forgotten', standing, undefined, {
            windows: [{ from: wrong.target, to: wrong.target + 16 * picture.page }],
        });
        const close = new MemoryPicture(zoomed);
        const at = viewOf(
            { ...zoomed, nodes: zoomed.windows.map((w) => ({ ...w, node: 0, size: w.to - w.from })) },
            close.height,
        );
        const x = xOf(at, { from: wrong.target, to: wrong.target + 16 * picture.page }, wrong.target + 1);
        const hit = close.at(at, x, 60);
        assert.match(hit?.text ?? '', /^before the kexec, kernel 1: .*\nkernel: ring of card0\nnow: /);
        const page = pageInfo(host, standing, wrong.target);
        assert.deepEqual(page.before, { kernel: 1, kind: 'kernel', owner: 'ring of card0' });
        assert.match(page.history[0]?.text ?? '', /^allocated: ring of card0/);
    });

    test('a file says the same as the run', () => {
        assert.ok(wrong);
        const reader = new MemoryReader(archive.packed('forgotten'));
        const last = reader.memory.standings.length - 1;
        assert.deepEqual(
            reader.memory.standings.map((s) => [s.name, s.kernel]),
            [
                ['at the kexec of kernel 1', 1],
                ['at the end', 2],
            ],
        );
        const read = reader.picture(last, {});
        assert.deepEqual(
            read.bands.map((b) => [b.totals, b.windows]),
            picture.bands.map((b) => [b.totals, b.windows]),
        );
        assert.deepEqual([read.pointers, read.changes, read.nodes], [picture.pointers, picture.changes, picture.nodes]);
        const [page, own] = [reader.page(last, wrong.target), pageInfo(host, standing, wrong.target)];
        assert.deepEqual([page.now, page.before], [own.now, own.before]);
        assert.equal(page.history.length, own.history.length);
    });
});
