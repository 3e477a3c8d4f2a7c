import { loadProgram } from '../../emulator/run/load-program';
import { arrived, travelled } from '../support/timelines';
import { lineAt } from '../support/timelines';
import folios from './folios.lus';
import { cpuMs } from './stopwatch';
const text = folios.slice(0, folios.indexOf('        kexec_file_load')).concat('    }\n}\n');
const program = loadProgram({ read: (uri) => (uri === 'a.lus' ? text : undefined) }, 'a.lus');
const { timeline, host } = travelled(program, {}, { now: () => performance.now() });
const j = host.machine.journal as any;
const b0 = performance.now();
while (!timeline.run(50000)) {}
console.log('ran', performance.now() - b0, timeline.kept, 'ticks', timeline.position);
const list = (timeline as any).checkpoints.list;
console.log(list.map((k: any) => `${k.at}:${k.cost.toFixed(1)}:${(k.saved / 1e6).toFixed(2)}MB`).join(' '));
for (let i = 0; i < 8; i++) {
    const r = j.restore.bind(j);
    let t = 0,
        n = 0;
    j.restore = (m: any) => {
        n++;
        t += cpuMs(() => r(m));
    };
    const run = host.interpreter.run.bind(host.interpreter);
    let rt = 0;
    let big = 0;
    host.interpreter.run = (b: number) => {
        let s: any;
        const c = cpuMs(() => {
            s = run(b);
        });
        rt += c;
        big = Math.max(big, c);
        return s;
    };
    const c = cpuMs(() => void arrived(timeline.stepBack('next', timeline.thread)));
    j.restore = r;
    host.interpreter.run = run;
    console.log(
        c.toFixed(1),
        'restore',
        n,
        t.toFixed(1),
        'run',
        rt.toFixed(1),
        'longest',
        big.toFixed(1),
        timeline.position,
        lineAt(host),
    );
}
