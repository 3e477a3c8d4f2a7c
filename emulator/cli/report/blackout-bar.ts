/** A live update as a bar of its phases, the blackout hatched, with the table of the costs that make it up. */
import type { UpdateReport } from '../../diagnosis/update-report';
import { duration } from '../../text/durations';
import { html, type Markup } from './markup';

const WIDTH = 800;
const HEIGHT = 28;

/** The hatching of a blackout, once for all bars of a page. */
export const HATCHING = html`<svg width="0" height="0" aria-hidden="true"><defs><pattern id="blackout" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="8" height="8" fill="var(--dark)"/><line x1="0" y1="0" x2="0" y2="8" stroke="var(--line)" stroke-width="3"/></pattern></defs></svg>`;

interface Phase {
    readonly name: string;
    readonly ns: number;
    readonly blackout: boolean;
}

function phasesOf(u: UpdateReport): Phase[] {
    const all: Phase[] = [
        { name: 'pre-blackout', ns: u.preBlackoutNs, blackout: false },
        { name: 'pausing', ns: u.pausingNs, blackout: true },
        { name: 'kernel shutdown', ns: u.kernelShutdownNs, blackout: true },
        { name: 'kernel startup', ns: u.kernelStartupNs ?? 0, blackout: true },
        { name: 'user space', ns: u.userspaceNs ?? 0, blackout: true },
        { name: 'post-blackout', ns: u.postBlackoutNs ?? 0, blackout: false },
    ];
    return all.filter((p) => p.ns > 0);
}

export function blackoutBar(u: UpdateReport): Markup {
    const phases = phasesOf(u);
    const whole = phases.reduce((sum, p) => sum + p.ns, 0);
    let x = 0;
    const bars = phases.map(({ name, ns, blackout }) => {
        const width = (ns / whole) * WIDTH;
        const at = x;
        x += width;
        const fill = blackout ? 'url(#blackout)' : 'var(--calm)';
        const label = width > name.length * 7 ? name : '';
        return html`<g><title>${name}: ${duration(ns)}</title><rect x="${at.toFixed(1)}" y="0" width="${width.toFixed(1)}" height="${HEIGHT}" fill="${fill}" stroke="var(--line)"/><text x="${(at + 4).toFixed(1)}" y="18">${label}</text></g>`;
    });
    const blackout = u.blackoutNs === null ? 'the blackout never ended' : `blackout ${duration(u.blackoutNs)}`;
    return html`<h3>Update ${u.number}: ${u.from} → ${u.to}, ${blackout}</h3>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${phases.map((p) => `${p.name} ${duration(p.ns)}`).join(', ')}">
${bars}
</svg>
<details><summary>Costs</summary><table><tbody>${u.madeOf.map((s) => html`<tr><td>${s.cost}</td><td class="number">${duration(s.ns)}</td></tr>`)}${u.guests.map(
        (g) =>
            html`<tr><td>guest "${g.name}" stood still</td><td class="number">${g.blackoutNs === null ? 'for ever' : duration(g.blackoutNs)}</td></tr>`,
    )}</tbody></table></details>`;
}
