/**
 * Damages memory images and looks whether anything breaks:
 *
 *     npm run fuzz [-- NUMBER [FIRST]]
 *
 * Inspects NUMBER damaged images (100,000), boots from every fiftieth. A failure names the image's number, with which
 * it comes again.
 */
import { bootDamaged, inspectDamaged } from './support/fuzz-images';
import { smallHandover } from './support/small-handover';

const REPORT = 5000;
const BOOTS = 50;

function main(): void {
    const [number = 100_000, first = 0] = process.argv.slice(2).map(Number);
    const base = smallHandover();
    const results = new Map<string, number>();
    let failures = 0;
    let memory = 0;
    for (let i = first; i < first + number; i++) {
        try {
            const codes = inspectDamaged(base, i).findings.length === 0 ? 'sound' : 'damaged';
            results.set(codes, (results.get(codes) ?? 0) + 1);
            if (i % BOOTS === 0) {
                const came = `boot: ${bootDamaged(base, i)}`;
                results.set(came, (results.get(came) ?? 0) + 1);
            }
        } catch (e) {
            failures++;
            console.log(e instanceof Error ? e.message : String(e));
        }
        memory = Math.max(memory, i % 100 === 0 ? process.memoryUsage().rss : 0);
        if ((i + 1 - first) % REPORT === 0) {
            console.log(
                `${i + 1 - first} images, ${failures} failures, at most ${Math.round(memory / 1e6)} MB: ${[...results].map(([k, n]) => `${k} ${n}`).join(', ')}`,
            );
        }
    }
    process.exitCode = failures > 0 ? 1 : 0;
}

main();
