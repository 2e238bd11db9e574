"""Many recordings at once: a pool of workers, or a Ray cluster, and a run that can be gone on with.

In the order a run goes through them: `inputs` (what is there to play), `parts` (what is finished,
kept in the output folder), `job` (one input, played by a worker), `local` and `ray_engine` (who
hands jobs to workers), `run` (the whole), `merge` (parts to one blotter and one summary).

Invariants:

1. What comes out does not depend on how many workers there are, nor on which was quick.
2. A part is there whole or not at all, and only the process that holds the folder's lock puts one
   there.
3. The process that hands out keeps of each input what stands in the summary, and no more than one
   part is looked at at a time.
"""
