"""What sentences state, as a table: verdict, cells, count, kinds, severities.

A row is ``sentence | verdict | cells | count | kinds | severities``: verdict is N(ormal), A(nomalous), B(oth) or empty;
several cells or kinds are separated by commas; a trailing ``+`` makes the count a lower bound.
"""

from __future__ import annotations

import pytest

from assistant.reading.statements import read

TABLE = """
The part looks normal. | N
The part is normal. | N
It is not normal. | A
It's not abnormal. | N
The part isn't normal. | A
Nothing unusual is visible. | N
There is nothing wrong with it. | N
There is nothing unusual or damaged here. | N
No defects were found. | N | | 0
No defect is visible in the picture. | N | | 0
I cannot see any defect. | N
I can't find any damage. | N
I don't see anything wrong. | N
There is no evidence of damage. | N
There are no signs of an anomaly. | N
It is free of defects. | N
The surface is free from any flaws. | N
It shows no abnormality. | N | | 0
The lid is undamaged. | N
The lid is not undamaged. | A
The tile is anything but normal. | A
The tile is far from flawless. | A
There is no doubt that the part is defective. | A
The part is without a doubt damaged. | A
It is without doubt normal. | N
It is never without defects. | A
Not everything is fine. | A
It is neither damaged nor faulty. | N
It is neither normal nor fine. | A
It lacks any defect. | N
The picture fails to show any defect. | N
A defect can be ruled out. |
It is no longer intact. | A
It is not only damaged but also stained. | A
The part is in good condition. | N
The part is not in good condition. | A
Everything looks as expected. | N
It does not look as expected. | A
The board is OK. | N
The board is not OK. | A
The scan is unremarkable. | N
The scan shows an abnormality. | A
The scan does not show an abnormality. | N
There is hardly any damage. | N
The picture looks anomalous, but only just. | A
The picture looks normal, although one region stands out. | N | | 1
The picture looks anomalous, although no single region stands out. | A | | 0
Compared with the normal reference picture, it looks unusual. | A
It looks like the normal reference. |
It differs from the normal sample, so it is defective. | A
If there is a crack, reject the part. |
Whether it is defective cannot be said. |
Should there be a defect, call us. |
Unless it is damaged, use it. |
Check the part for defects. |
Look for damage at the edge. |
Is there a defect? |
Are you asking whether it is normal? |
Cracks are caused by overload. |
A crack can lead to sudden failure. |
A scratch can be confused with a crack. |
It resembles a crack. |
It could become a crack. |
The rest of the picture looks normal. |
The rest of the part is fine, but there is a dent at the top left. | A | top left | | dent
Apart from a scratch at the top left it looks normal. | A | top left | | scratch
The left side is fine. |
The top left is fine. |
There is no defect at the top left. |
There is nothing at the centre. |
There is a scratch. | A | | | scratch
There is a scratch at the top left. | A | top left | | scratch
There is no scratch. |
There is no scratch, but a dent is visible. | A | | | dent
There are no scratches, stains or dents. |
It is not a crack but a scratch. | A | | | scratch
It is a scratch, not a crack. | A | | | scratch
It is a scratch rather than a crack. |
This is rust. | A | | | corrosion
It has an abrasion in the upper right corner. | A | top right | | scratch
It is possibly a mass. | A | | | mass
Possibly a stain. | A | | | stain
The type of the defect is corrosion. | A | | | corrosion
The kind is a hole. | A | | | hole
The region is a chip. | A | | | chip
Region 1 is a crack. | A | | | crack
Region 1 is not a crack. |
Region 2 is a stain at the bottom centre, rated minor. | A | bottom centre | | stain | minor
I see a fissure in the center. | A | centre | | crack
It shows two cracks. | A | | | crack
There is a missing part at the middle left. | A | middle left | | missing part
The part is not cracked. |
It is at the top-left. | | top left
It lies in the lower-right corner. | | bottom right
It is located at the upper middle. | | top centre
It is at the centre right. | | middle right
It is in the very middle. | | centre
The defect is in the middle of the left edge. | A | middle left
It is at the top left and the centre. | | top left, centre
It is not at the top left. |
It is not at the top left but at the bottom right. | | bottom right
It is neither at the top left nor at the top right. |
Region 1 is at the top left and region 2 is at the bottom right. | | top left, bottom right
That is right. |
You are right, the left one is bigger. |
Turn left at the top. |
There are three defects. | A | | 3
There are 12 regions. | | | 12
Two regions stand out. | | | 2
One region stands out. | | | 1
No region stands out. | | | 0
Only one anomaly was found. | A | | 1
A single region stands out. | | | 1
There is a defect. | A | | 1+
There is an anomalous region. | A | | 1+
There are several defects. | A | | 2+
There are at least two defects. | A | | 2+
There is more than one defect. | A | | 2+
There are a couple of defects. | A | | 2+
There are two other defects. | A
There are no other defects. |
There is no other defect in the picture. |
Region 2 is larger than region 1. |
The only defect is a scratch. | A | | 1 | scratch
It has one defect, a crack. | A | | 1 | crack
Two of the regions are minor. | | | | | minor
It is rated major. | | | | | major
The severity is critical. | | | | | critical
It is not critical. |
It is major, not critical. | | | | | major
It is less than critical. |
There are minor variations that are normal. | N
It looks normal. There is a defect. | B | | 1+
It is defective. It is normal. | B
The picture is normal; it has a defect. | B
Yes, it is normal. | N
No, it is not normal. | A
No, nothing is wrong. | N
Yes, something is wrong. | A
Yes. |
No. |
The weather is fine today, said nobody. | N
There’s a defect. | A | | 1+
There isn’t a defect. | N
There aren't any defects, I think. | N
It doesn't have a scratch. |
I see no damage whatsoever. | N
I see damage. | A
Damage is visible at the bottom left. | A | bottom left
The anomaly is at the top right. | A | top right
The defect is a crack. | A | | | crack
There is no such region: two regions stood out. | | | 2
There is nothing to locate. |
Nowhere: no anomalous region was found. | N | | 0
The picture and its anomaly map do not tell that. |
""".strip().splitlines()


@pytest.mark.parametrize("row", TABLE)
def test_reading(row: str) -> None:
    text, verdict, cells, count, types, severities = ([c.strip() for c in row.split("|")] + [""] * 5)[:6]
    said = read(text)
    verdicts = {"": set(), "N": {"normal"}, "A": {"anomalous"}, "B": {"normal", "anomalous"}}[verdict]
    assert said.verdicts == verdicts
    assert said.cells == {c.strip() for c in cells.split(",") if c}
    assert said.count == (int(count.rstrip("+")) if count else None)
    assert said.at_least == count.endswith("+")
    assert said.types == {t.strip() for t in types.split(",") if t}
    assert said.severities == {s for s in severities.split(",") if s}


def test_the_table_is_large_and_has_no_row_twice() -> None:
    assert len(set(TABLE)) == len(TABLE) >= 120
