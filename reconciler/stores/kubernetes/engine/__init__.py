"""HTTP/1.1 over kept connections: as much of it as an API server needs, and no compiled parts.

A request costs a tenth of what a general library takes, which is most of what an apply costs. The
engine makes each request once: what may be made again is decided by those who know what it does.
"""
