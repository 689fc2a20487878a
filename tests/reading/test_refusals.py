"""What is a refusal, what corrects a premise, and what is neither."""

from __future__ import annotations

import pytest

from assistant.reading.refusals import corrects, declines

DECLINED = """
I cannot tell the serial number from this picture.
The map shows places, it does not read numbers.
The map shows places, it does not read numbers, so I cannot say.
Sorry, I cannot tell the price: a picture does not show what something costs.
That cannot be told from the picture: a single picture does not show a time.
I do not know its age; the picture does not show how old it is.
Unfortunately, the picture and its map do not tell who made it.
The picture and its anomaly map do not tell that.
That I cannot answer, as a picture does not weigh anything.
I cannot tell. The scale of the picture is not known.
There is no way for me to know the temperature: a picture does not measure heat.
A picture does not measure heat.
The picture does not tell the place it was taken in.
The scale of the picture is not known.
A picture does not weigh anything.
The picture cannot show who was there.
A picture does not carry smell or sound.
The other pieces are not in the picture.
Laboratory values are not in the picture.
A history is not part of the picture.
Only one side can be seen and the other one cannot.
One picture does not show how things will go on, which a doctor must judge.
A picture alone does not decide on a treatment, which is up to a doctor.
The picture does not show who the patient is, and I do not guess it.
I'm sorry, but I can't determine the manufacturer from the image.
I don't know.
I can't say.
I am unable to read the serial number.
I'm not able to tell you the price of this part.
It is not possible to tell the age from a picture.
It's impossible to say how heavy it is.
The weight cannot be determined from the image alone.
I have no information about the manufacturer.
The image does not contain information about the patient's name.
The picture doesn't show the inside.
The serial number is not visible in the picture.
That information is not available.
The age of the patient is unknown.
I don't have enough information to say that. I cannot say.
There is no information about the batch in the picture.
That is beyond what the picture shows.
I cannot name the kind; only the place and the size are known.
""".strip().splitlines()
ANSWERED = """
I cannot see any defect.
I can't find anything unusual here.
I could not detect any scratch.
I cannot see anything wrong with it.
The picture does not show a scratch.
The image does not show any signs of damage.
It does not contain any anomalous regions.
I do not see a crack.
I did not find a scratch; there is a stain at the centre.
I do not find any anomalous region.
No crack was found.
Nothing stands out at the top left; the picture looks normal.
There is no such region.
No defect can be seen in this picture.
The picture looks normal; no anomalous region was found.
There is a scratch at the top left, rated minor.
One region stands out, at the centre.
The picture shows a stain.
It covers about 3.1 % of the picture.
Most likely a dent; 62 % sure.
This is uncertain: the score of 0.52 is close to the threshold of 0.5.
Usual causes of a scratch are handling or sliding contact.
Next, clean the surface and look again.
Often surplus solder. The picture alone cannot prove it.
The picture alone does not prove it, but usual causes of a crack are impact or fatigue.
Region 1: a scratch at the top left.
B
You are welcome.
""".strip().splitlines()
CORRECTED = """
There is no crack here; there is a stain at the centre.
I see no crack, so I cannot answer that; the picture looks normal.
No crack was found; one region stands out.
That is a misunderstanding: no hole was found; the picture looks normal.
I did not find a crack; a stain stands out at the centre.
Actually, there is no crack in this picture; a stain was found.
Nothing stands out at the top left; the stain is at the centre.
There is nothing remarkable at the top left; the picture looks normal.
I see nothing notable at the bottom left; a dent is at the centre.
Actually, nothing was found at the centre; the picture looks normal.
No, nothing stands out at the top left.
I find nothing at the top left; one region stands out, at the centre.
There is no such region; only one region stands out.
Nothing here has that number; two regions stand out.
I have no region of that number; one stands out.
That region does not exist.
Actually, no such region was found; one region stands out.
There is none with that number.
There isn't a crack in this picture.
I don't see any crack here.
I cannot see a hole in this picture.
The picture does not show a scratch.
It has no crack.
There's no sign of a dent at the bottom right.
There is no scratch at the top left: the picture looks normal.
The top left looks normal.
No such region exists; the map shows one.
""".strip().splitlines()
FOLLOWED = """
It is 3 cm deep.
The crack at the top left was caused by impact.
Usual causes of a crack are impact or fatigue.
Region 4 covers about 3 % of the picture.
It is rated critical.
Yes, it is serious.
The stain at the centre can grow.
To remove the scratch, polish the surface.
There is a crack at the top left, rated major.
One region stands out.
""".strip().splitlines()


@pytest.mark.parametrize("text", DECLINED)
def test_refusals(text: str) -> None:
    assert declines(text)


@pytest.mark.parametrize("text", ANSWERED)
def test_answers_are_no_refusals(text: str) -> None:
    assert not declines(text)


@pytest.mark.parametrize("text", CORRECTED)
def test_corrections(text: str) -> None:
    assert corrects(text)


@pytest.mark.parametrize("text", FOLLOWED)
def test_going_along_is_no_correction(text: str) -> None:
    assert not corrects(text)
