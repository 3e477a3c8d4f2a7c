/** What views are drawn on: a canvas of a page, or SVG. Coordinates in pixels. */

export interface Surface {
    rect(x: number, y: number, width: number, height: number, colour: string): void;
    outline(x: number, y: number, width: number, height: number, colour: string): void;
    /** The text begins at x; y is its middle. */
    text(text: string, x: number, y: number, colour: string, strong?: boolean): void;
    /** A closed shape. */
    shape(points: readonly (readonly [number, number])[], colour: string): void;
    /** Lines from point to point. */
    line(points: readonly (readonly [number, number])[], colour: string, width: number): void;
    /** Diagonal lines in a rectangle. */
    hatch(x: number, y: number, width: number, height: number, colour: string): void;
    /** Draws only within a rectangle. */
    within(x: number, y: number, width: number, height: number, draw: () => void): void;
    widthOf(text: string): number;
}

/** The colour of a name, as the page has it. */
export type Colours = (name: string) => string;

/** Of texts. */
export const SIZE = 12;
/** The distance of the lines of a hatch. */
export const HATCH = 9;

const round = (n: number): number => Math.round(n * 100) / 100;

function escaped(text: string): string {
    return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

export class SvgSurface implements Surface {
    private readonly parts: string[] = [];

    /** @param widthOf measures a text */
    constructor(
        readonly widthOf: (text: string) => number,
        private readonly family: string,
    ) {}

    rect(x: number, y: number, width: number, height: number, colour: string): void {
        this.parts.push(
            `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${colour}"/>`,
        );
    }

    outline(x: number, y: number, width: number, height: number, colour: string): void {
        this.parts.push(
            `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="none" stroke="${colour}"/>`,
        );
    }

    text(text: string, x: number, y: number, colour: string, strong = false): void {
        const weight = strong ? ' font-weight="600"' : '';
        this.parts.push(
            `<text x="${round(x)}" y="${round(y)}" dy="0.35em" fill="${colour}"${weight}>${escaped(text)}</text>`,
        );
    }

    shape(points: readonly (readonly [number, number])[], colour: string): void {
        const path = points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ');
        this.parts.push(`<polygon points="${path}" fill="${colour}"/>`);
    }

    line(points: readonly (readonly [number, number])[], colour: string, width: number): void {
        const path = points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ');
        this.parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="${width}"/>`);
    }

    hatch(x: number, y: number, width: number, height: number, colour: string): void {
        this.within(x, y, width, height, () => {
            const lines: string[] = [];
            for (let at = x - height; at < x + width; at += HATCH) {
                lines.push(`M${round(at)} ${round(y + height)}l${round(height)} ${round(-height)}`);
            }
            this.parts.push(`<path d="${lines.join('')}" stroke="${colour}" fill="none"/>`);
        });
    }

    within(x: number, y: number, width: number, height: number, draw: () => void): void {
        const [left, top, w, h] = [round(x), round(y), round(width), round(height)];
        if (w > 0 && h > 0) {
            this.parts.push(
                `<svg x="${left}" y="${top}" width="${w}" height="${h}" viewBox="${left} ${top} ${w} ${h}">`,
            );
            draw();
            this.parts.push('</svg>');
        }
    }

    /** The picture. @param title for readers who do not see it */
    svg(width: number, height: number, background: string, title: string): string {
        return [
            `<svg xmlns="http://www.w3.org/2000/svg" width="${round(width)}" height="${round(height)}" font-size="${SIZE}" font-family="${escaped(this.family)}">`,
            `<title>${escaped(title)}</title>`,
            `<rect width="100%" height="100%" fill="${background}"/>`,
            ...this.parts,
            '</svg>\n',
        ].join('\n');
    }
}
