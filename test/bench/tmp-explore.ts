import { Explorer } from '../../emulator/explore/explore';
import { Course } from '../../emulator/explore/course';
import { PROFILES, together } from '../../emulator/explore/profiles';
import { NOTHING } from '../../emulator/run/tried';
import { loadProgram } from '../../emulator/run/load-program';
import { Files } from '../../emulator/cli/files';
import { openAll } from '../../emulator/cli/check';
const files = new Files();
const uri = openAll(files, [process.argv[2] ?? ''])[0] ?? '';
const profile = (process.argv[3] ?? 'crashes') as keyof typeof PROFILES;
const p = loadProgram(files, uri);
const tried = together([PROFILES[profile]]);
for (let k = 0; k < Number(process.argv[4] ?? 3); k++) {
    const t0 = performance.now();
    const c = new Course(p, {}, NOTHING, []);
    c.toTheEnd(5e7);
    const t1 = performance.now();
    const e = new Explorer(p, { tried, faults: 1, switches: Infinity, limit: 5e7, memory: 2 ** 29 });
    const end = t1 + 20000;
    for (const _ of e.run()) {
        if (performance.now() > end) break;
    }
    const t2 = performance.now();
    const r = e.result;
    console.log(
        `run ${(t1 - t0).toFixed(1)} ms, explore ${(t2 - t1).toFixed(1)} ms, branches ${r.branches} ends ${r.ends} states ${r.states} classes ${r.classes.length} complete ${r.complete}: ${((r.branches / (t2 - t1)) * (t1 - t0)).toFixed(1)} times`,
    );
}
